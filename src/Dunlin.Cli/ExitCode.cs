namespace Dunlin.Cli;

/// <summary>What the command's exit status says to scripts and schedulers.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>Training failed.</summary>
    public const int Failed = 1;

    /// <summary>Usage or configuration.</summary>
    public const int Usage = 2;

    /// <summary>Another process of the run failed.</summary>
    public const int PeerFailed = 3;

    /// <summary>A signal stopped the run after a complete checkpoint: start it again (EX_TEMPFAIL of sysexits.h).</summary>
    public const int StartAgain = 75;

    /// <summary>A second Ctrl-C (128 + SIGINT).</summary>
    public const int Interrupted = 130;
}

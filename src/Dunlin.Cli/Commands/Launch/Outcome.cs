namespace Dunlin.Cli.Commands.Launch;

/// <summary>What the exit code of all ranks together means.</summary>
internal static class Outcome
{
    private const int Signalled = 128;

    /// <summary>Signals that end processes: SIGABRT, SIGBUS, SIGKILL, SIGSEGV, SIGTERM. MPICH gives their bare numbers, and joins the codes of several ranks bit by bit.</summary>
    private static readonly int[] DeadlySignals = [6, 7, 9, 11, 15];

    /// <summary>The code as a shell would give it: MPICH's bare number of a signal becomes 128 + n.</summary>
    public static int Normalize(MpiFamily family, int code) => family == MpiFamily.Mpich && DeadlySignals.Contains(code) ? Signalled + code : code;

    /// <summary>
    /// Whether a rank was lost, so that the same command may do better. 3 says that a rank missed another one, 128 and more that one was killed. A second Ctrl-C (130) is a wish, and all
    /// other codes would come again: 1 and 2 are the program's fault, 75 is an orderly stop.
    /// </summary>
    public static bool IsLost(int code) => code == ExitCode.PeerFailed || (code >= Signalled && code != ExitCode.Interrupted);

    /// <summary>Whether the code leaves open that a host was lost: MPI's own, when a daemon is gone, are of all kinds.</summary>
    public static bool MayBeLostHost(int code) => code is not (ExitCode.Done or ExitCode.Usage or ExitCode.StartAgain or ExitCode.Interrupted);

    /// <summary>For people.</summary>
    public static string Describe(int code) => code switch
    {
        ExitCode.PeerFailed => "exit code 3: a rank missed another one",
        Signalled + 6 => "exit code 134: a rank ended by SIGABRT",
        Signalled + 9 => "exit code 137: a rank ended by SIGKILL, as the system does when memory runs out",
        Signalled + 11 => "exit code 139: a rank ended by SIGSEGV",
        Signalled + 15 => "exit code 143: a rank ended by SIGTERM",
        > 192 => $"exit code {code}: MPI lost its daemon on a host",
        > Signalled and <= Signalled + 64 => $"exit code {code}: a rank ended by signal {code - Signalled}",
        _ => $"exit code {code}",
    };
}

using Dunlin.Cli.Configuration;
using Dunlin.Communication;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Cli;

/// <summary>What an error means to the caller: the exit code, and what is printed.</summary>
internal static class Failures
{
    /// <summary>The exit code that an error leads to.</summary>
    public static int ExitCodeOf(Exception error) => error switch
    {
        ConfigurationException or LaunchException => ExitCode.Usage,
        // A rank of this process failed: what failed there decides.
        RankFailedException { InnerException: { } inner } => ExitCodeOf(inner),
        CommunicationException => ExitCode.PeerFailed,
        _ => ExitCode.Failed,
    };

    /// <summary>Tells a person: a message that says what to do, or for an error that nobody has foreseen its type and where to report it.</summary>
    public static void Report(TextWriter error, Exception exception, bool debug)
    {
        if (exception is DunlinException) error.WriteLine($"dunlin: {exception.Message}");
        else
            error.WriteLine($"dunlin: unexpected {exception.GetType().Name}: {exception.Message}\n" +
                "This is a fault of Dunlin: please report it, with what `dunlin info` says and the output of the same command with --debug.");
        if (debug) error.WriteLine(exception);
    }

    /// <summary>Runs the part of a command that only prepares: an error there is one of usage or configuration.</summary>
    public static T Preparing<T>(Func<T> prepare)
    {
        try
        {
            return prepare();
        }
        catch (DunlinException e) when (e is not (ConfigurationException or LaunchException))
        {
            throw new ConfigurationException(e.Message, e);
        }
    }
}

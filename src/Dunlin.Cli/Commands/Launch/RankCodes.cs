using System.Globalization;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>
/// What each rank ended with, noted by a shell around it, for launchers whose own exit code does not tell: that of srun is the highest of all ranks, and so mostly that of one that srun itself has ended;
/// MPICH's mpiexec joins all codes bit by bit, and after a signal sometimes says 0.
/// </summary>
internal static class RankCodes
{
    /// <summary>
    /// The shell outlives signals that reach the rank as well, and then ends as the rank did, by the same signal where it was one. After a failure it stays for two seconds: Hydra kills all other ranks
    /// in the very moment in which a rank's connection to it closes, which the shell holds as well, and srun ends them likewise. Meanwhile they find out who is lost, and where, and say so.
    /// <c>$0</c> is the file, in a directory that all hosts see; where it can't be written, the launcher's code is all there is.
    /// </summary>
    public const string Script = """trap : USR1 TERM; "$@"; code=$?; [ $code = 0 ] || echo $code >>"$0"; case $code in 0|2|75) exit $code; esac; """
        + """[ $code -le 128 ] || echo "rank ${PMI_RANK:-$SLURM_PROCID} on $(uname -n) was ended by signal $((code - 128))" >&2; sleep 2; """
        + """[ $code -le 128 ] || { trap - USR1 TERM; kill -$((code - 128)) $$; }; exit $code""";

    /// <summary>The command with that shell around it.</summary>
    public static IReadOnlyList<string> Wrap(string file, IReadOnlyList<string> command) => ["sh", "-c", Script, file, .. command];

    /// <summary>The first code in time that is not 0, or null; the file is gone afterwards.</summary>
    public static int? Take(string file)
    {
        if (!File.Exists(file)) return null;
        var first = File.ReadLines(file).FirstOrDefault();
        File.Delete(file);
        return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;
    }
}

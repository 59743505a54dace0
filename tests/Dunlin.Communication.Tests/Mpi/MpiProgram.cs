using System.Globalization;

namespace Dunlin.Communication.Tests;

/// <summary>What mpirun runs: this assembly as a program, one process for each rank.</summary>
internal static class MpiProgram
{
    /// <summary>Runs it on several ranks.</summary>
    public static (int ExitCode, string Output) Run(int ranks, params IEnumerable<string> arguments) => Mpirun.Run(ranks, ["dotnet", typeof(MpiProgram).Assembly.Location, .. arguments]);

    private static int Main(string[] arguments) => arguments switch
    {
        ["modes"] => PrintModes(),
        ["contract", var mode, .. var rest] => MpiContractRunner.Run(mode, rest),
        ["lose", var how, var rank, var where] => LostRank.Run(how, int.Parse(rank, CultureInfo.InvariantCulture), where == "shared"),
        ["long", var where, .. var calls] => LongMessages.Run(where == "shared", calls),
        _ => 2,
    };

    /// <summary>Each mode of the contract, and with how many processes it runs.</summary>
    private static int PrintModes()
    {
        foreach (var mode in MpiContractRunner.Modes) Console.WriteLine($"{mode.Name} {string.Join(' ', mode.Processes)}");
        return 0;
    }
}

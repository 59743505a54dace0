using System.Collections.Concurrent;

namespace Dunlin.Communication.Tests;

/// <summary>The contract of all communicators, on processes under mpirun: each of its methods with every number of ranks that it wants.</summary>
[Collection(nameof(Processes))]
public sealed class MpiContractTests
{
    private static readonly ConcurrentDictionary<(int Processes, string Mode), Lazy<(int ExitCode, string Output)>> Runs = new();

    /// <summary>Every method of the contract.</summary>
    public static TheoryData<string> Methods => [.. MpiContractRunner.Methods().Select(m => m.Name)];

    [MpiTheory, MemberData(nameof(Methods))]
    public void Processes_keep_the_contract(string method)
    {
        var ran = 0;
        foreach (var mode in MpiContractRunner.Modes)
            foreach (var processes in mode.Processes)
            {
                var output = Run(processes, mode.Name).Output;
                var cases = output.Split('\n').Where(line => line.Contains($"PASS {method}(", StringComparison.Ordinal) || line.Contains($"FAIL {method}(", StringComparison.Ordinal)).ToList();
                Assert.True(cases.All(line => line.Contains("PASS", StringComparison.Ordinal)), $"{mode.Name}, {processes} processes:\n{output}");
                ran += cases.Count;
            }
        Assert.True(ran > 0, $"No number of ranks from 1 to 7 ran {method}.");
    }

    [MpiTheory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Runs_of_the_contract_end_as_they_should(int processes) => Assert.All(MpiContractRunner.Modes.Where(m => m.Processes.Contains(processes)), mode =>
    {
        var (code, output) = Run(processes, mode.Name);
        Assert.True(code == 0, output);
    });

    private static (int ExitCode, string Output) Run(int processes, string mode) =>
        Runs.GetOrAdd((processes, mode), key => new(() => MpiProgram.Run(key.Processes, "contract", key.Mode))).Value;
}

using System.Collections.Concurrent;

namespace Dunlin.Communication.Tests;

/// <summary>The contract of all communicators, on processes under mpirun: each of its methods with every number of ranks that it wants.</summary>
[Collection(nameof(Processes))]
public sealed class MpiContractTests
{
    private static readonly ConcurrentDictionary<(int Ranks, string Mode), Lazy<(int ExitCode, string Output)>> Runs = new();

    /// <summary>Every method of the contract.</summary>
    public static TheoryData<string> Methods => [.. MpiContractRunner.Methods().Select(m => m.Name)];

    [MpiTheory, MemberData(nameof(Methods))]
    public void Processes_keep_the_contract(string method)
    {
        var ran = 0;
        // Checked runs have all methods; plain ones those that hold without, the usual way; in pieces the ways of messages beyond 32 bits.
        foreach (var mode in (string[])["checked", "plain", "pieces"])
            for (var ranks = 1; ranks <= 7; ranks++)
            {
                var (_, output) = Runs.GetOrAdd((ranks, mode), key => new(() => Mpirun.Run(key.Ranks, "contract", key.Mode))).Value;
                var cases = output.Split('\n').Where(line => line.Contains($"PASS {method}(", StringComparison.Ordinal) || line.Contains($"FAIL {method}(", StringComparison.Ordinal)).ToList();
                Assert.True(cases.All(line => line.Contains("PASS", StringComparison.Ordinal)), $"{mode}, {ranks} ranks:\n{output}");
                ran += cases.Count;
            }
        Assert.True(ran > 0, $"No number of ranks from 1 to 7 ran {method}.");
    }

    [MpiTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Runs_of_the_contract_end_as_they_should(int ranks) =>
        Assert.All((string[])["checked", "plain", "pieces"], mode =>
        {
            var (code, output) = Runs.GetOrAdd((ranks, mode), key => new(() => Mpirun.Run(key.Ranks, "contract", key.Mode))).Value;
            Assert.True(code == 0, output);
        });
}

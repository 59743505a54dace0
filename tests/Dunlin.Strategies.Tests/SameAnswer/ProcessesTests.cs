namespace Dunlin.Strategies.Tests;

/// <summary>Whatever is exchanged how, and wherever the ranks are: over 100 steps they learn what one rank does on the joined batch.</summary>
[Collection(nameof(Processes))]
public sealed class ProcessesTests(Answers answers) : IClassFixture<Answers>
{
    /// <summary>All ways and cases.</summary>
    public static TheoryData<string, string> Runs => Of(Way.All, way => way.Cases);

    /// <summary>What is run once more: with three ranks, sums depend on their order.</summary>
    public static TheoryData<string, string> Repeated => Of(Way.All.Where(w => w.Processes == 3), _ => Way.Few);

    [MpiTheory, MemberData(nameof(Runs))]
    public void Processes_train_as_one_on_the_joined_batch(string way, string name)
    {
        var (where, one) = (Way.Of(way), TrainingCase.Of(name));
        var together = answers.Processes(one, where);
        Assert.All(together, process => TestRuns.AssertEqual(together[0], process));
        if (!one.Rounds) SameAnswerTests.AssertSame(Answers.Alone(one, where.Ranks), together[0]);
        // What is rounded is exchanged by copies, and added by the ranks themselves.
        if (where.SumsAsThreads || one.Rounds) TestRuns.AssertEqual(Answers.Threads(one, where.Ranks), together[0]);
    }

    /// <summary>In other processes, at another speed. MPI chooses the order of its sums by the number of ranks and the length, not by who comes first.</summary>
    [MpiTheory, MemberData(nameof(Repeated))]
    public void The_same_run_gives_the_same_bits(string way, string name)
    {
        var (where, one) = (Way.Of(way), TrainingCase.Of(name));
        TestRuns.AssertEqual(answers.Processes(one, where)[0], answers.Processes(one, where, all: false)[0]);
    }

    private static TheoryData<string, string> Of(IEnumerable<Way> ways, Func<Way, IEnumerable<TrainingCase>> cases)
    {
        var data = new TheoryData<string, string>();
        foreach (var way in ways)
            foreach (var one in cases(way)) data.Add(way.Name, one.Name);
        return data;
    }
}

namespace Dunlin.Strategies.Tests;

/// <summary>This assembly as a program: what tests kill, and what they start as the ranks of a job.</summary>
internal static class TestProgram
{
    /// <summary>Its file.</summary>
    public static string Path { get; } = typeof(TestProgram).Assembly.Location;

    private static int Main(string[] arguments) => arguments switch
    {
        [KillAndResumeTests.Verb, .. var rest] => KillAndResumeTests.Run(rest),
        [LargeTableTests.Verb, var address, var directory, var epochs] => LargeTableTests.Run(address, directory, int.Parse(epochs, System.Globalization.CultureInfo.InvariantCulture)),
        [SameAnswerProgram.Verb, var directory, var which] => SameAnswerProgram.Run(directory, which == "all"),
        _ => 2,
    };
}

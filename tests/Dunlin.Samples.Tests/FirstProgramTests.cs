using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Dunlin.Samples.Tests;

public partial class FirstProgramTests
{
    /// <summary>One epoch of the program as it stands, in this process.</summary>
    [Fact]
    public void The_first_program_learns_in_one_epoch_and_predicts()
    {
        var console = Console.Out;
        var output = new StringWriter();
        Console.SetOut(output);
        try { Assembly.Load("FirstProgram").EntryPoint!.Invoke(null, [new[] { "1" }]); }
        finally { Console.SetOut(console); }

        var accuracy = double.Parse(Accuracy().Match(output.ToString()).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(accuracy, 0.8, 1);
        Assert.Equal(5, output.ToString().Split('\n').Count(line => line.Contains(" taken for ", StringComparison.Ordinal)));
    }

    [GeneratedRegex("^Epoch 1: .*accuracy ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Accuracy();
}

using Dunlin.Graphs.Tests.Golden;
using Dunlin.Graphs.Tests.Ops;
using Xunit.Abstractions;

namespace Dunlin.Graphs.Tests.Documents;

public class OperationsDocumentTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_operation_says_what_it_computes_and_its_gradient_or_why_it_has_none()
    {
        string[] silent =
        [
            .. OperationCases.Catalogue().Where(o => OperationsDocument.Summary(o).Length == 0).Select(o => $"{o.Key}: no <summary>"),
            .. OperationCases.Catalogue().Where(o => OperationsDocument.Gradient(o).Length == 0).Select(o => $"{o.Key}: neither <remarks>Gradient: …</remarks> nor a NoGradientReason"),
            .. OperationCases.Catalogue().Where(o => SourceFolders.FamilyOf(o.Key) == "Other").Select(o => $"{o.Key}: not found in a folder under src/Dunlin.Graphs/Ops"),
        ];
        Assert.True(silent.Length == 0, string.Join('\n', silent));
    }

    [Fact]
    public void Every_operation_has_a_rule_for_many_examples_or_says_why_it_has_none()
    {
        Assert.Empty(OperationCases.Catalogue().Where(o => !o.IsVectorized && string.IsNullOrEmpty(o.Sample.NoVectorizationReason))
            .Select(o => $"{o.Key}: override Vectorized or TakesLeadingDimensions, or state a NoVectorizationReason"));
        Assert.Empty(OperationCases.Catalogue().Where(o => o.IsVectorized && o.Sample.NoVectorizationReason is not null).Select(o => $"{o.Key}: has a rule, and a reason why it has none"));
    }

    [Fact]
    public void The_document_of_operations_is_what_the_code_says()
    {
        output.WriteLine($"{OperationCases.Catalogue().Count()} operations, {OperationCases.All.Count} gradient checks, {GoldenFiles.All.Count} golden cases.");
        var text = OperationsDocument.Write();
        if (Environment.GetEnvironmentVariable("DUNLIN_WRITE_DOCUMENTS") == "1") File.WriteAllText(OperationsDocument.File, text);
        Assert.True(File.Exists(OperationsDocument.File) && File.ReadAllText(OperationsDocument.File).ReplaceLineEndings("\n") == text, "docs/operations.md is not what the code says; run eng/operations and commit the file.");
    }
}

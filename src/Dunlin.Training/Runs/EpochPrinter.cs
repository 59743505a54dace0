using System.Globalization;

namespace Dunlin.Training;

/// <summary>Writes a line for each epoch: <c>Epoch 1: loss 0.4123, accuracy 0.8571 (12.1 s)</c>, and one for each warning.</summary>
/// <param name="output">Where to, such as <see cref="Console.Out"/>.</param>
public sealed class EpochPrinter(TextWriter output) : ITrainingObserver
{
    /// <inheritdoc/>
    /// <remarks>The numbers are those of the validation data, or of the training data without such.</remarks>
    public void EpochEnded(EpochReport report)
    {
        var means = report.Validation.Count > 0 ? report.Validation : report.Training;
        var numbers = string.Join(", ", means.Select(mean => string.Create(CultureInfo.InvariantCulture, $"{mean.Key} {mean.Value:0.0000}")));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Epoch {report.Epoch + 1}: {numbers} ({report.Seconds:0.0} s)"));
    }

    /// <inheritdoc/>
    public void Warned(string message) => output.WriteLine($"Warning: {message}");
}

namespace Dunlin.Training.Reports;

/// <summary>Rows of points over a common horizontal axis.</summary>
/// <param name="Title">Stands above the chart.</param>
/// <param name="XName">What the horizontal axis counts.</param>
/// <param name="Series">What is drawn, in this order. One without points is left out.</param>
public sealed record Chart(string Title, string XName, IReadOnlyList<Series> Series)
{
    /// <summary>Where the horizontal axis begins and ends; from the first point to the last unless given.</summary>
    public (double Low, double High)? XRange { get; init; }
}

/// <summary>How a <see cref="Series"/> is drawn.</summary>
public enum SeriesStyle
{
    /// <summary>A line, with a dot at each point where there are few.</summary>
    Line,

    /// <summary>A broken line without dots.</summary>
    Dashes,

    /// <summary>Dots that are not joined.</summary>
    Dots,
}

using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers.Recurrence;

/// <summary>Every kind of cell, small.</summary>
internal static class Cells
{
    public const int Units = 3;

    private static readonly Dictionary<string, Func<RecurrentCell>> Makers = new()
    {
        ["elman"] = () => new ElmanCell(Units),
        ["lstm"] = () => new LstmCell(Units),
        ["lstm, peepholes"] = () => new LstmCell(Units) { Peepholes = true },
        ["lstm, projection"] = () => new LstmCell(Units) { Projection = 2 },
        ["lstm, clip"] = () => new LstmCell(Units) { CellClip = 0.4 },
        ["lstm, all"] = () => new LstmCell(Units) { Peepholes = true, Projection = 2, CellClip = 0.4 },
        ["gru"] = () => new GruCell(Units),
        ["gru, reset after"] = () => new GruCell(Units) { ResetAfter = true },
    };

    public static IEnumerable<string> All => Makers.Keys;

    public static TheoryData<string> Names => [.. All];

    public static RecurrentCell Make(string name) => Makers[name]();
}

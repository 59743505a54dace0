using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>
/// A recurrent acoustic model: layers of LSTM whose cells are held within ±50, as Sak, Senior and Beaufays ("Long short-term memory recurrent neural network architectures for large scale
/// acoustic modeling", 2014) did so that training stays stable, and logits for each frame.
/// </summary>
public static class SpeechLstm
{
    /// <summary>The bound of the cells' states.</summary>
    public const double CellClip = 50;

    /// <summary>Frames x[N, T, 40] give logits[N, T, classes]; 63 024 parameters for 48 classes.</summary>
    /// <param name="classes">At least 1.</param>
    /// <param name="units">Features of each LSTM layer.</param>
    /// <param name="layers">How many LSTM layers, at least 1.</param>
    public static Sequential Create(int classes = 48, int units = 64, int layers = 2)
    {
        Require.AtLeast(nameof(SpeechLstm), layers, 1);
        return new([.. Enumerable.Range(0, layers).Select(_ => new Recurrent(new LstmCell(units) { CellClip = CellClip })), new Linear(classes)]);
    }
}

using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Models;

/// <summary>
/// The recurrent language model (Mikolov et al., 2010; Zaremba et al., 2014): embedding, layers of LSTM, and for each position the logits of the
/// word that follows.
/// </summary>
public static class LstmLanguageModel
{
    /// <summary>Word numbers x[N, T] of Int64 give logits y[N, T, vocabulary].</summary>
    /// <param name="vocabulary">How many words there are.</param>
    /// <param name="embedding">Features of a word.</param>
    /// <param name="units">Features of each LSTM layer.</param>
    /// <param name="layers">How many LSTM layers.</param>
    /// <param name="dropout">The rate between layers, not within the recurrence.</param>
    /// <param name="carriesStates">Whether a training step goes on where the one before ended; batches are then parts of running text.</param>
    public static Sequential Create(int vocabulary, int embedding, int units, int layers, double dropout = 0, bool carriesStates = false) => new(
    [
        new Embedding(vocabulary, embedding) { Initializer = Initializers.Uniform(-0.1, 0.1) },
        .. Enumerable.Range(0, layers).SelectMany(_ => (Layer[])[.. Drop(dropout), new Recurrent(new LstmCell(units)) { CarriesStates = carriesStates }]),
        .. Drop(dropout),
        new Linear(vocabulary),
    ]);

    private static Layer[] Drop(double rate) => rate > 0 ? [new Dropout(rate)] : [];
}

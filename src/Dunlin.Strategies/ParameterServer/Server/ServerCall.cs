using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Rows of a slice.</summary>
/// <param name="Slice">The number of the slice among the server's.</param>
/// <param name="Numbers">The rows' numbers within the slice, Int64 [n].</param>
/// <param name="Rows">Where they are to go: [n, d…].</param>
internal readonly record struct SliceRows(int Slice, Tensor Numbers, Tensor Rows);

/// <summary>
/// What one worker asks of one server: to take a gradient, to give the weights, or both. It goes to a <see cref="ServerNode"/>, which answers at once or later; how it travels, and how its worker waits,
/// is for those to say that derive from it.
/// </summary>
internal abstract class ServerCall
{
    /// <summary>Who asks.</summary>
    public int Worker { get; init; }

    /// <summary>A gradient for each of the server's slices, without values where the server has computed them itself; null where none is brought.</summary>
    public SliceGradient[]? Gradients { get; set; }

    /// <summary>
    /// The number of this gradient among those of its worker, from 1, each one more than the last: one that has come before is not taken again. The answer to a call without a gradient says which was the last.
    /// </summary>
    public long Number { get; set; }

    /// <summary>How many of the worker's steps the gradient is the sum of, at least 1.</summary>
    public long Steps { get; set; } = 1;

    /// <summary>How many examples the gradient is the mean over; 0 where its worker has none in this step, and the gradient does not count.</summary>
    public long Examples { get; set; } = 1;

    /// <summary>The worker's clock: the step that the gradient is of, or that the weights are for.</summary>
    public long Clock { get; set; }

    /// <summary>The server's version when it gave the weights that the gradient was computed with.</summary>
    public long Version { get; set; }

    /// <summary>Where the weights are to go, like the server's slices, or nothing for a slice that is not wanted; null where none are wanted.</summary>
    public Tensor?[]? Weights { get; set; }

    /// <summary>Rows that are wanted, and nothing else; null where not.</summary>
    public SliceRows[]? Rows { get; set; }

    /// <summary>Scores of classes that are wanted, or their gradients, and nothing else; null where not. <see cref="Number"/> is then that of the gradient that the worker will give next.</summary>
    public ClassQuery? Classes { get; set; }

    /// <summary>Operations on vectors that are wanted, and nothing else: [n, 6], Float64 (<see cref="VectorProgram"/>); null where not.</summary>
    public Tensor? Program { get; set; }

    /// <summary>Where the numbers are to go that the operations give: [r], Float64.</summary>
    public Tensor? Results { get; set; }

    /// <summary>Whether a piece of the data is wanted, and nothing else: the answer, <see cref="Piece"/>, comes when there is one.</summary>
    public bool WantsPiece { get; set; }

    /// <summary>The piece of the data that the gradient is of, or that is given; −1 where the evaluation is done, −2 where there will be no other one.</summary>
    public int Piece { get; set; }

    /// <summary>What was measured over the piece: [k], Float64; null where nothing was.</summary>
    public Tensor? Measures { get; set; }

    /// <summary>Whether its worker computes a step when it is answered: where time is simulated, it passes then.</summary>
    public bool PrecedesStep { get; set; }

    /// <summary>Whether the server has answered.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>Why the server does not do it; null where it has.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether one had asked all workers to stop when it was answered: of those that do a step together all are told the same, however long answers take.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Makes the call ready to be sent again.</summary>
    public void Renew() => (IsAnswered, Refusal) = (false, null);

    /// <summary>The server's answer: <see cref="Clock"/>, <see cref="Number"/> and <see cref="Version"/> are what the worker goes on with, and <see cref="Weights"/> are filled.</summary>
    public void Answer(long clock, long number, long version, bool isStopping = false)
    {
        IsStopping |= isStopping;
        (Clock, Number, Version, IsAnswered) = (clock, number, version, true);
        Answered();
    }

    /// <summary>The server does not do it.</summary>
    public void Refuse(string reason)
    {
        (Refusal, IsAnswered) = (reason, true);
        Answered();
    }

    /// <summary>Tells the worker.</summary>
    protected abstract void Answered();
}

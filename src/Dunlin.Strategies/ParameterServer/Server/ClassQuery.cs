using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>What a server is asked about classes whose weights it has.</summary>
internal enum ClassQuestion : byte
{
    /// <summary>What of the softmax over all classes they make.</summary>
    Sums,
    /// <summary>The gradients, of the features and of the weights; the server keeps the latter.</summary>
    Gradients,
    /// <summary>Their scores.</summary>
    Scores,
}

/// <summary>What a worker asks of a server about the classes whose weights w are there: first the sums of softmax over them, then their gradients; or the scores themselves.</summary>
internal sealed record ClassQuery
{
    /// <summary>The number of the slice among the server's.</summary>
    public required int Slice { get; init; }

    /// <summary>What is asked.</summary>
    public required ClassQuestion Question { get; init; }

    /// <summary>
    /// Which of the steps it is, from 1, whose gradients go with the worker's next one: those of the weights are summed, each once, however often it is asked for. 0 where the weights' gradient is not to be kept.
    /// </summary>
    public long Step { get; init; }

    /// <summary>h[N, D].</summary>
    public required Tensor Features { get; init; }

    /// <summary>The right classes' numbers within the slice [N], Int64; −1 where they are elsewhere. Null where scores are asked for.</summary>
    public Tensor? Labels { get; init; }

    /// <summary>log Σ exp(h · wᵀ) over all classes [N]; for gradients only.</summary>
    public Tensor? Normalizers { get; init; }

    /// <summary>The gradients of the losses [N]; for gradients only.</summary>
    public Tensor? LossGradients { get; init; }

    /// <summary>Of sums [3, N]: the greatest score m, Σ exp(score − m), and the right class's score, 0 where it is elsewhere. Of gradients [N, D]: that of the features. Of scores [N, C].</summary>
    public required Tensor Answer { get; init; }

    /// <summary>What travels with the question.</summary>
    public Tensor[] Tensors => [.. new[] { Features, Labels, Normalizers, LossGradients }.OfType<Tensor>()];

    /// <summary>Bytes that the question has.</summary>
    public long Bytes => Tensors.Sum(t => t.Bytes);

    /// <summary>Room for an answer.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="examples">N.</param>
    /// <param name="weights">Of the slice, w[C, D].</param>
    public static Tensor AnswerTo(ClassQuestion question, int examples, TensorType weights) => Tensor.Uninitialized(weights.Type, question switch
    {
        ClassQuestion.Sums => [3, examples],
        ClassQuestion.Gradients => [examples, weights.Shape[1]],
        _ => [examples, weights.Shape[0]],
    });

    /// <summary>Floating-point operations of answering, for so many classes.</summary>
    public double Flops(int classes) => (Question == ClassQuestion.Gradients ? 6.0 : 2.0) * Features.ElementCount * classes;

    /// <summary>The same question with room of its own for the answer.</summary>
    public ClassQuery Copy() => this with { Answer = Tensor.Uninitialized(Answer.Type, Answer.Shape) };
}

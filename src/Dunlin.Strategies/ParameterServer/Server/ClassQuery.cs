using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>What a worker asks of a server about the classes whose weights w are there: first, without <see cref="LossGradients"/>, the sums of softmax over them; then their gradient.</summary>
internal sealed record ClassQuery
{
    /// <summary>The number of the slice among the server's.</summary>
    public required int Slice { get; init; }

    /// <summary>h[N, D].</summary>
    public required Tensor Features { get; init; }

    /// <summary>The right classes' numbers within the slice [N], Int64; −1 where they are elsewhere.</summary>
    public required Tensor Labels { get; init; }

    /// <summary>log Σ exp(h · wᵀ) over all classes [N]; null in the first question.</summary>
    public Tensor? Normalizers { get; init; }

    /// <summary>The gradients of the losses [N]; null in the first question.</summary>
    public Tensor? LossGradients { get; init; }

    /// <summary>The first answer [3, N]: the greatest score m, Σ exp(score − m), and the right class's score, 0 where it is elsewhere. The second [N, D]: the gradient of the features.</summary>
    public required Tensor Answer { get; init; }

    /// <summary>Bytes that the question has.</summary>
    public long Bytes => Features.Bytes + Labels.Bytes + (Normalizers?.Bytes ?? 0) + (LossGradients?.Bytes ?? 0);

    /// <summary>Floating-point operations of answering, for so many classes.</summary>
    public double Flops(int classes) => (LossGradients is null ? 2.0 : 6.0) * Features.ElementCount * classes;

    /// <summary>The same question with room of its own for the answer.</summary>
    public ClassQuery Copy() => this with { Answer = Tensor.Uninitialized(Answer.Type, Answer.Shape) };
}

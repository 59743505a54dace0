using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The most probable label sequences of connectionist temporal classification, summed over the paths that spell them, by prefix beam search
/// (Graves and Jaitly, 2014). Inputs: log probabilities[N, T, C] and lengths[N] (Int32 or Int64, 0 to T). Outputs, most probable first: labels
/// Int64[N, P, T], −1 behind a sequence's end; their numbers Int64[N, P]; and log probabilities [N, P]. Where fewer than P sequences are
/// possible, the rest are empty with log probability −∞. The result is exact when the beam holds every prefix, and else a lower bound.
/// </summary>
/// <param name="Blank">The class of the blank.</param>
/// <param name="Width">How many prefixes are kept at each step, at least P.</param>
/// <param name="Paths">P, at least 1.</param>
public sealed record CtcBeamDecode(int Blank, int Width, int Paths) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "The best labels are constant almost everywhere; to differentiate their probability, take CtcLoss of them.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        CtcGreedyDecode.Check(inputs, Blank, Mismatch);
        if (Paths < 1 || Width < Paths) throw Mismatch(inputs, $"{Paths} paths (at least 1) do not come out of a beam of width {Width}.");
        Shape best = [inputs[0].Shape[0], Paths];
        return [new(DType.Int64, best.Append(inputs[0].Shape[1])), new(DType.Int64, best), new(inputs[0].Type, best)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new BeamKernel<double>(inputs, this, context.Threads.Size)
        : new BeamKernel<float>(inputs, this, context.Threads.Size));

    private sealed unsafe class BeamKernel<T> : ParallelKernel where T : unmanaged, INumber<T>
    {
        private readonly int _steps;
        private readonly int _classes;
        private readonly int _paths;
        private readonly RowNumbers _lengths;
        private readonly (CtcBeam Beam, double[] Step)[] _workers;

        public BeamKernel(IReadOnlyList<TensorType> inputs, CtcBeamDecode decode, int workers) : base(inputs[0].Shape.ElementCount * decode.Width)
        {
            (_steps, _classes, _paths) = (inputs[0].Shape[1], inputs[0].Shape[2], decode.Paths);
            _lengths = new("CtcBeamDecode", "length", inputs[1], _steps + 1);
            _workers = [.. Enumerable.Range(0, workers).Select(_ => (new CtcBeam(decode.Width, _steps, decode.Blank), new double[_classes]))];
        }

        public override void Execute(int worker, int workers)
        {
            var (beam, step) = _workers[worker];
            var (begin, end) = ThreadTeam.Share(_lengths.Count, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var length = (int)_lengths.At(Buffers[1], n);
                beam.Begin();
                for (var t = 0; t < length; t++)
                {
                    for (var c = 0; c < _classes; c++) step[c] = double.CreateTruncating(Operand<T>(0)[(n * _steps + t) * _classes + c]);
                    beam.Step(step);
                }
                for (var p = 0; p < _paths; p++)
                {
                    var labels = new Span<long>(Operand<long>(2) + (n * _paths + p) * _steps, _steps);
                    labels.Fill(-1);
                    var (log, count) = p < beam.Count ? beam.Read(p, labels) : (double.NegativeInfinity, 0);
                    Operand<long>(3)[n * _paths + p] = count;
                    Operand<T>(4)[n * _paths + p] = T.CreateTruncating(log);
                }
            }
        }
    }
}

/// <summary>Decoding of connectionist temporal classification.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.CtcGreedyDecode"/>
    public static (Value Labels, Value Lengths, Value Scores) CtcGreedyDecode(this Value scores, Value lengths, int blank = 0)
    {
        var outputs = scores.Graph.AddNode(new CtcGreedyDecode(blank), [scores, lengths]).Outputs;
        return (outputs[0], outputs[1], outputs[2]);
    }

    /// <inheritdoc cref="Ops.CtcBeamDecode"/>
    public static (Value Labels, Value Lengths, Value LogProbabilities) CtcBeamDecode(this Value logProbabilities, Value lengths, int width = 100, int paths = 1, int blank = 0)
    {
        var outputs = logProbabilities.Graph.AddNode(new CtcBeamDecode(blank, width, paths), [logProbabilities, lengths]).Outputs;
        return (outputs[0], outputs[1], outputs[2]);
    }
}

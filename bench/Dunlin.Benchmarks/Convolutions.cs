using System.Diagnostics;
using System.Globalization;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Benchmarks;

/// <summary>The kernels of AlexNet's five convolutions alone, in the layouts that they like best, and a product of matrices.</summary>
internal static class Convolutions
{
    private const int Batch = 32;

    private static readonly (Shape Input, Shape Weights, int Stride, int Padding)[] Layers =
    [
        ([Batch, 3, 224, 224], [64, 3, 11, 11], 4, 2), ([Batch, 64, 27, 27], [192, 64, 5, 5], 1, 2), ([Batch, 192, 13, 13], [384, 192, 3, 3], 1, 1),
        ([Batch, 384, 13, 13], [256, 384, 3, 3], 1, 1), ([Batch, 256, 13, 13], [256, 256, 3, 3], 1, 1),
    ];

    /// <summary>A line for each layer: milliseconds of the forward pass and of the gradients of data and weights, the fastest of some runs; "-" where the set has no kernel.</summary>
    public static IEnumerable<string> Measure(IKernelSet kernels, int threads, DType type)
    {
        using var team = kernels.CreateTeam(threads);
        team.Enter();
        for (var i = 0; i < Layers.Length; i++)
        {
            var (input, weights, stride, padding) = Layers[i];
            var geometry = new ConvGeometry(input, weights, [stride, stride], [1, 1], [padding, padding], [padding, padding], 1);
            var (x, w, y, bias) = (new TensorType(type, input), new TensorType(type, weights), new TensorType(type, geometry.Output), new TensorType(type, [weights[0]]));
            string[] times =
            [
                Fastest(kernels, new ConvForwardSpec(type, geometry, Bias: true, Activation.Relu), [x, w, bias], [y], team),
                Fastest(kernels, new ConvBackwardDataSpec(type, geometry), [w, y], [x], team),
                Fastest(kernels, new ConvBackwardWeightsSpec(type, geometry, Bias: true), [x, y], [w, bias], team),
            ];
            yield return $"conv{i + 1} forward {times[0]} data {times[1]} weights {times[2]}";
        }
        var square = new TensorType(type, [1024, 1024]);
        yield return $"product of 1024 x 1024: {Fastest(kernels, new MatMulSpec(type, 1, 1024, 1024, 1024), [square, square], [square], team)}";
    }

    private static unsafe string Fastest(IKernelSet kernels, KernelSpec spec, TensorType[] inputs, TensorType[] outputs, ThreadTeam team)
    {
        using var kernel = kernels.TryPrepare(spec, [], team);
        if (kernel is null) return "-";
        // Small numbers, the same for all: what products cost does not depend on them unless they underflow.
        Tensor Memory(TensorType operand, MemoryLayout layout)
        {
            var memory = Tensor.Zeros(DType.UInt8, [checked((int)layout.Bytes(operand))]);
            memory.RawBytes.Fill(0x3d);
            return memory;
        }
        Tensor[] operands = [.. inputs.Select((t, i) => Memory(t, kernel.InputLayout(i))), .. outputs.Select((t, i) => Memory(t, kernel.OutputLayout(i))),
            Tensor.Uninitialized(DType.UInt8, [checked((int)kernel.ScratchBytes)])];
        nint[] addresses = [.. operands.Select(o => o.Address)];
        var fastest = double.MaxValue;
        fixed (nint* buffers = addresses)
        {
            for (var (run, begun) = (0, Stopwatch.GetTimestamp()); run < 3 || Stopwatch.GetElapsedTime(begun).TotalSeconds < 0.4; run++)
            {
                var begin = Stopwatch.GetTimestamp();
                kernel.Run(buffers, team);
                fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }
        }
        GC.KeepAlive(operands);
        return fastest.ToString("F2", CultureInfo.InvariantCulture);
    }
}

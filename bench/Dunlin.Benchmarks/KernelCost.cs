using System.Diagnostics;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Benchmarks;

/// <summary>What single kernels cost in each set: the shapes of depthwise convolutions in MobileNet V2 (Sandler et al., 2018), with both strides, and of local response normalisation in AlexNet.</summary>
internal static unsafe class KernelCost
{
    public static IEnumerable<(string Name, KernelSpec Spec, Shape[] Inputs, Shape[] Outputs)> All()
    {
        foreach (var (channels, size) in new[] { (32, 112), (144, 56), (192, 28), (576, 14), (960, 7) })
            foreach (var stride in new[] { 1, 2 })
            {
                var g = new ConvGeometry([8, channels, size, size], [channels, 1, 3, 3], [stride, stride], [1, 1], [1, 1], [1, 1], channels);
                var name = $"depthwise 3x3 8x{channels}x{size}x{size} / {stride}";
                yield return (name + " forward", new ConvForwardSpec(DType.Float32, g), [g.Input, g.Weights], [g.Output]);
                yield return (name + " data", new ConvBackwardDataSpec(DType.Float32, g), [g.Weights, g.Output], [g.Input]);
                yield return (name + " weights", new ConvBackwardWeightsSpec(DType.Float32, g), [g.Input, g.Output], [g.Weights]);
            }
        foreach (var x in new Shape[] { [32, 96, 55, 55], [32, 256, 27, 27] })
        {
            yield return ($"lrn {x} forward", new LrnForwardSpec(DType.Float32, x, 5, 1e-4, 0.75, 2), [x], [x]);
            yield return ($"lrn {x} backward", new LrnBackwardSpec(DType.Float32, x, 5, 1e-4, 0.75, 2), [x, x], [x]);
        }
    }

    /// <summary>The median milliseconds of a run in the layouts that the kernel wants; null where the set has no such kernel.</summary>
    public static double? Measure(IKernelSet set, KernelSpec spec, Shape[] inputs, Shape[] outputs, int threads)
    {
        using var team = set.CreateTeam(threads);
        team.Enter();
        // Normalisations take what a convolution left.
        using var convolution = spec is LrnForwardSpec or LrnBackwardSpec ? set.TryPrepare(new ConvForwardSpec(DType.Float32, new(inputs[0], [inputs[0][1], inputs[0][1], 1, 1], [1, 1], [1, 1], [0, 0], [0, 0], 1)), [], team) : null;
        using var kernel = set.TryPrepare(spec, [.. inputs.Select(_ => convolution?.OutputLayout(0) ?? MemoryLayout.Plain)], team);
        if (kernel is null) return null;
        Tensor[] tensors =
        [
            .. inputs.Select((s, i) => Filled(kernel.InputLayout(i).Bytes(new(DType.Float32, s)), (ulong)i + 1)),
            .. outputs.Select((s, i) => Filled(kernel.OutputLayout(i).Bytes(new(DType.Float32, s)), 9)), Filled(kernel.ScratchBytes, 9),
        ];
        var addresses = tensors.Select(t => t.Address).ToArray();
        var times = new List<double>();
        fixed (nint* buffers = addresses)
        {
            for (var i = 0; i < 3; i++) kernel.Run(buffers, team);
            for (var clock = Stopwatch.StartNew(); times.Count < 5 || (clock.Elapsed.TotalSeconds < 0.4 && times.Count < 1000);)
            {
                var begin = Stopwatch.GetTimestamp();
                kernel.Run(buffers, team);
                times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }
        }
        GC.KeepAlive(tensors);
        times.Sort();
        return times[times.Count / 2];
    }

    private static Tensor Filled(long bytes, ulong seed)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, [checked((int)((bytes + 3) / 4))]);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(seed), 0, 0, 1);
        return tensor;
    }
}

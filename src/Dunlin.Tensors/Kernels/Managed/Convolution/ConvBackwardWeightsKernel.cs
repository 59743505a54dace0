using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// dwᵀ = columns × dyᵀ, summed over the images. Threads share the work by channels, and where there are few of them by chunks of images
/// too, whose sums are added in order afterwards. How it is cut depends on the shapes alone, so the number of threads changes no bit.
/// </summary>
internal sealed unsafe class ConvBackwardWeightsKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Rows of the column matrix taken at once, at most (but at least one channel).</summary>
    private const int RowBlock = 240;

    /// <summary>Pieces of work to aim at, for as many threads.</summary>
    private const int Pieces = 16;

    private readonly ConvPlan<T> _plan;
    private readonly bool _hasBias;
    private readonly int _channelBlock, _channelBlocks, _chunks;
    private readonly long _sum, _columns, _scratch;
    private bool _reduces;

    public ConvBackwardWeightsKernel(ConvBackwardWeightsSpec spec, int threads) : this(spec, new ConvPlan<T>(spec.Geometry), threads) { }

    private ConvBackwardWeightsKernel(ConvBackwardWeightsSpec spec, ConvPlan<T> plan, int threads) : base(plan.Work)
    {
        _plan = plan;
        _hasBias = spec.Bias;
        _channelBlock = Math.Clamp(RowBlock / Math.Max(1, plan.Shape.Taps), 1, Math.Max(1, plan.Channels));
        _channelBlocks = (plan.Channels + _channelBlock - 1) / _channelBlock;
        _chunks = Math.Clamp(Pieces / Math.Max(1, plan.Groups * _channelBlocks), 1, Math.Max(1, plan.Images));
        _sum = Gemm<T>.Align((long)plan.Groups * plan.Rows * plan.Outputs);
        var rows = _channelBlock * plan.Shape.Taps;
        _columns = plan.Shape.IsPointwise ? 0 : Gemm<T>.Align((long)rows * plan.BlockStride);
        _scratch = _columns + ConvPlan<T>.Gemm.ScratchElements(rows, plan.Outputs, plan.BlockPositions);
        ScratchBytes = (_sum * _chunks + _scratch * threads) * sizeof(T);
    }

    private T* Sums => Buffer<T>(_hasBias ? 4 : 3);

    protected override void Run(ThreadTeam threads)
    {
        _reduces = false;
        Parallel(threads);
        _reduces = true;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        if (_reduces)
        {
            var (first, last) = ThreadTeam.Share(_plan.Groups * _plan.Outputs, worker, workers);
            for (var output = (int)first; output < last; output++) Reduce(output);
            return;
        }
        var perChunk = _plan.Groups * _channelBlocks;
        var scratch = Sums + _sum * _chunks + worker * _scratch;
        var (begin, end) = ThreadTeam.Share((long)perChunk * _chunks, worker, workers);
        for (var task = begin; task < end; task++)
        {
            var part = (int)(task % perChunk);
            Channels((int)(task / perChunk), part / _channelBlocks, part % _channelBlocks * _channelBlock, scratch);
        }
    }

    private void Channels(int chunk, int group, int channel, T* scratch)
    {
        var channels = Math.Min(_channelBlock, _plan.Channels - channel);
        var rows = channels * _plan.Shape.Taps;
        var sum = Sums + chunk * _sum + ((nint)group * _plan.Rows + (nint)channel * _plan.Shape.Taps) * _plan.Outputs;
        NativeMemory.Clear(sum, (nuint)rows * (nuint)_plan.Outputs * (nuint)sizeof(T));
        var operands = new GemmOperands<T>
        {
            M = rows,
            N = _plan.Outputs,
            AStep = 1,
            BStep = 1,
            BColumn = _plan.Positions,
            C = sum,
            CRow = _plan.Outputs,
            Accumulate = true,
        };
        var (begin, end) = ThreadTeam.Share(_plan.Images, chunk, _chunks);
        for (var image = (int)begin; image < end; image++)
        {
            var x = Buffer<T>(0) + _plan.InputOffset(image, group) + (nint)channel * _plan.Shape.Elements;
            for (var position = 0; position < _plan.Positions; position += _plan.BlockPositions)
            {
                operands.K = Math.Min(_plan.BlockPositions, _plan.Positions - position);
                operands.A = _plan.Shape.IsPointwise ? x + position : scratch;
                operands.ARow = _plan.Shape.IsPointwise ? _plan.Positions : _plan.BlockStride;
                if (!_plan.Shape.IsPointwise)
                    Columns<T>.Gather(_plan.Shape, x, 0, rows, position, operands.K, scratch, _plan.BlockStride);
                operands.B = Buffer<T>(1) + _plan.OutputOffset(image, group) + position;
                ConvPlan<T>.Gemm.Multiply(operands, scratch + _columns);
            }
        }
    }

    /// <summary>Adds the chunks' sums for one output channel, and its dy for the bias.</summary>
    private void Reduce(int output)
    {
        var (group, column) = (output / _plan.Outputs, output % _plan.Outputs);
        var dw = Buffer<T>(2) + (nint)output * _plan.Rows;
        var sums = Sums + (nint)group * _plan.Rows * _plan.Outputs + column;
        for (var row = 0; row < _plan.Rows; row++)
        {
            var total = T.Zero;
            for (var chunk = 0; chunk < _chunks; chunk++) total += sums[chunk * _sum + (nint)row * _plan.Outputs];
            dw[row] = total;
        }
        if (!_hasBias) return;
        var bias = T.Zero;
        for (var image = 0; image < _plan.Images; image++)
            bias += TensorPrimitives.Sum(new ReadOnlySpan<T>(Buffer<T>(1) + _plan.OutputOffset(image, group) + (nint)column * _plan.Positions, _plan.Positions));
        Buffer<T>(3)[output] = bias;
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Columns of dx as weightsᵀ × dy, added up into the image. The channels of each image are cut into blocks, and the blocks are dealt to the
/// threads: no two threads add to one element.
/// </summary>
internal sealed unsafe class ConvBackwardDataKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Rows of the column matrix computed at once, at most (but at least one channel).</summary>
    private const int RowBlock = 240;

    private readonly ConvPlan<T> _plan;
    private readonly int _channelBlock, _channelBlocks;
    private readonly long _packed, _columns, _scratch;
    private bool _packs;

    public ConvBackwardDataKernel(ConvBackwardDataSpec spec, int threads) : this(new ConvPlan<T>(spec.Geometry), threads) { }

    private ConvBackwardDataKernel(ConvPlan<T> plan, int threads) : base(plan.Work)
    {
        _plan = plan;
        _channelBlock = Math.Clamp(RowBlock / Math.Max(1, plan.Shape.Taps), 1, Math.Max(1, plan.Channels));
        _channelBlocks = (plan.Channels + _channelBlock - 1) / _channelBlock;
        var rows = _channelBlock * plan.Shape.Taps;
        _packed = ConvPlan<T>.Gemm.PackedAElements(rows, plan.Outputs);
        _columns = plan.Shape.IsPointwise ? 0 : Gemm<T>.Align((long)rows * plan.BlockStride);
        _scratch = _columns + ConvPlan<T>.Gemm.ScratchElements(rows, plan.BlockPositions, plan.Outputs);
        ScratchBytes = (_packed * plan.Groups * _channelBlocks + _scratch * threads) * sizeof(T);
    }

    protected override void Run(ThreadTeam threads)
    {
        _packs = true;
        Parallel(threads);
        _packs = false;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        var perImage = _plan.Groups * _channelBlocks;
        var scratch = Buffer<T>(3) + _packed * perImage + worker * _scratch;
        var (begin, end) = ThreadTeam.Share((long)perImage * (_packs ? 1 : _plan.Images), worker, workers);
        for (var task = begin; task < end; task++)
        {
            var part = (int)(task % perImage);
            var (group, channel) = (part / _channelBlocks, part % _channelBlocks * _channelBlock);
            var channels = Math.Min(_channelBlock, _plan.Channels - channel);
            if (_packs) Pack(part, group, channel, channels);
            else Channels((int)(task / perImage), part, group, channel, channels, scratch);
        }
    }

    private void Pack(int part, int group, int channel, int channels)
    {
        var weights = Buffer<T>(0) + (nint)group * _plan.Outputs * _plan.Rows + (nint)channel * _plan.Shape.Taps;
        ConvPlan<T>.Gemm.PackA(weights, 1, _plan.Rows, channels * _plan.Shape.Taps, _plan.Outputs, Buffer<T>(3) + part * _packed);
    }

    private void Channels(int image, int part, int group, int channel, int channels, T* scratch)
    {
        var dx = Buffer<T>(2) + _plan.InputOffset(image, group) + (nint)channel * _plan.Shape.Elements;
        if (!_plan.Shape.IsPointwise) NativeMemory.Clear(dx, (nuint)channels * (nuint)_plan.Shape.Elements * (nuint)sizeof(T));
        var operands = new GemmOperands<T>
        {
            M = channels * _plan.Shape.Taps,
            K = _plan.Outputs,
            PackedA = Buffer<T>(3) + part * _packed,
            BStep = _plan.Positions,
            BColumn = 1,
            CRow = _plan.Shape.IsPointwise ? _plan.Positions : _plan.BlockStride,
        };
        for (var position = 0; position < _plan.Positions; position += _plan.BlockPositions)
        {
            operands.N = Math.Min(_plan.BlockPositions, _plan.Positions - position);
            operands.B = Buffer<T>(1) + _plan.OutputOffset(image, group) + position;
            operands.C = _plan.Shape.IsPointwise ? dx + position : scratch;
            ConvPlan<T>.Gemm.Multiply(operands, scratch + _columns);
            if (!_plan.Shape.IsPointwise)
                Columns<T>.ScatterAdd(_plan.Shape, dx, 0, operands.M, position, operands.N, scratch, _plan.BlockStride);
        }
    }
}

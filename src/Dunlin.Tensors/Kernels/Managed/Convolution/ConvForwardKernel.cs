using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Convolution as weights × columns. The weights are packed once; then each thread takes blocks of positions of the images.</summary>
internal sealed unsafe class ConvForwardKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly ConvPlan<T> _plan;
    private readonly bool _hasBias, _relu;
    private readonly long _packed, _block, _scratch;
    private bool _packs;

    public ConvForwardKernel(ConvForwardSpec spec, int threads) : this(spec, new ConvPlan<T>(spec.Geometry), threads) { }

    private ConvForwardKernel(ConvForwardSpec spec, ConvPlan<T> plan, int threads) : base(plan.Work)
    {
        _plan = plan;
        _hasBias = spec.Bias;
        _relu = spec.Activation == Activation.Relu;
        _packed = ConvPlan<T>.Gemm.PackedAElements(plan.Outputs, plan.Rows);
        _block = plan.Shape.IsPointwise ? 0 : Gemm<T>.Align((long)Math.Min(plan.Rows, Gemm<T>.DepthBlock) * plan.BlockStride);
        _scratch = _block + ConvPlan<T>.Gemm.ScratchElements(plan.Outputs, plan.BlockPositions, plan.Rows);
        ScratchBytes = (_packed * plan.Groups + _scratch * threads) * sizeof(T);
    }

    private T* Scratch => Buffer<T>(_hasBias ? 4 : 3);

    protected override void Run(ThreadTeam threads)
    {
        _packs = true;
        Parallel(threads);
        _packs = false;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        if (_packs)
        {
            var (first, last) = ThreadTeam.Share(_plan.Groups, worker, workers);
            for (var group = first; group < last; group++) Pack((int)group);
            return;
        }
        var scratch = Scratch + _packed * _plan.Groups + worker * _scratch;
        var (begin, end) = ThreadTeam.Share((long)_plan.Images * _plan.Groups * _plan.Blocks, worker, workers);
        for (var task = begin; task < end; task++)
        {
            var matrix = (int)(task / _plan.Blocks);
            Block(matrix / _plan.Groups, matrix % _plan.Groups, (int)(task % _plan.Blocks), scratch);
        }
    }

    private void Pack(int group) => ConvPlan<T>.Gemm.PackA(
        Buffer<T>(1) + (nint)group * _plan.Outputs * _plan.Rows, _plan.Rows, 1, _plan.Outputs, _plan.Rows, Scratch + group * _packed);

    private void Block(int image, int group, int block, T* scratch)
    {
        var position = block * _plan.BlockPositions;
        var positions = Math.Min(_plan.BlockPositions, _plan.Positions - position);
        var x = Buffer<T>(0) + _plan.InputOffset(image, group);
        nint rounded = Packing<T>.RoundUp(_plan.Outputs, ConvPlan<T>.Gemm.TileRows);
        var operands = new GemmOperands<T>
        {
            M = _plan.Outputs,
            N = positions,
            C = Buffer<T>(_hasBias ? 3 : 2) + _plan.OutputOffset(image, group) + position,
            CRow = _plan.Positions,
            BColumn = 1,
        };
        var row = 0;
        do
        {
            operands.K = Math.Min(Gemm<T>.DepthBlock, _plan.Rows - row);
            operands.PackedA = Scratch + group * _packed + row * rounded;
            operands.Accumulate = row > 0;
            if (_plan.Shape.IsPointwise)
            {
                operands.B = x + (nint)row * _plan.Positions + position;
                operands.BStep = _plan.Positions;
            }
            else
            {
                Columns<T>.Gather(_plan.Shape, x, row, operands.K, position, positions, scratch, _plan.BlockStride);
                operands.B = scratch;
                operands.BStep = _plan.BlockStride;
                operands.BIsPadded = true;
            }
            row += Gemm<T>.DepthBlock;
            if (row >= _plan.Rows)
            {
                operands.RowBias = _hasBias ? Buffer<T>(2) + (nint)group * _plan.Outputs : null;
                operands.Relu = _relu;
            }
            ConvPlan<T>.Gemm.Multiply(operands, scratch + _block);
        }
        while (row < _plan.Rows);
    }
}

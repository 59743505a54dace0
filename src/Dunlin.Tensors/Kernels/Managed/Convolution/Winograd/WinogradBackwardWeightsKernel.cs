using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// The gradient of a convolution's weights by products at points: inputs are transformed as in the forward pass and the output's gradients as weights are, tiles are summed over by the products,
/// and the sums are interpolated to taps.
/// </summary>
internal sealed unsafe class WinogradBackwardWeightsKernel<TVector, TLanes> : WinogradKernel<TVector, TLanes>
    where TVector : struct
    where TLanes : ILanes<float, TVector>
{
    private readonly bool _hasBias, _isInputBlocked, _isOutputBlocked, _isWide;
    private readonly nint _inputTile, _inputPoint, _gradientTile, _gradientPoint, _sumRow, _sumPoint;
    private readonly nint _gradients, _sums, _biases, _own;

    public WinogradBackwardWeightsKernel(WinogradPlan plan, ConvBackwardWeightsSpec spec, MemoryLayout x, MemoryLayout dy, int threads)
        : base(plan, spec.Type == DType.BFloat16)
    {
        (_hasBias, _isWide) = (spec.Bias, !IsHalf || spec.WideResult);
        (InputLayouts, OutputLayouts) = ([x, dy], _hasBias ? [MemoryLayout.Plain, MemoryLayout.Plain] : [MemoryLayout.Plain]);
        (_isInputBlocked, _isOutputBlocked) = (!ReferenceEquals(x, MemoryLayout.Plain), !ReferenceEquals(dy, MemoryLayout.Plain));
        (_inputTile, _gradientTile, _sumRow) = (plan.Channels + Block, plan.Outputs + Block, plan.OutputBlock + Block);
        (_inputPoint, _gradientPoint) = (WinogradPlan.Spread(plan.ChunkTiles * _inputTile), WinogradPlan.Spread(plan.ChunkTiles * _gradientTile));
        _sumPoint = WinogradPlan.Spread(plan.Channels * _sumRow);
        _gradients = Points * _inputPoint;
        _sums = _gradients + Points * _gradientPoint;
        _biases = _sums + Points * _sumPoint;
        _own = _biases + (_hasBias ? (nint)plan.Images * plan.TileRows * plan.Outputs : 0);
        ScratchBytes = (_own + ThreadElements(threads)) * sizeof(float);
    }

    protected override float* OwnMemories => Scratch + _own;

    private float* Scratch => Buffer<float>(_hasBias ? 4 : 3);

    protected override void Run(ThreadTeam threads)
    {
        // Either there is one chunk, or one block of outputs.
        for (Chunk = 0; Chunk < Plan.Chunks; Chunk++)
        {
            In(Phase.Inputs, threads);
            In(Phase.Gradients, threads);
            for (FirstOutput = 0; FirstOutput < Plan.Outputs; FirstOutput += Plan.OutputBlock)
            {
                In(Phase.Products, threads);
                if (Chunk == Plan.Chunks - 1) In(Phase.Weights, threads);
            }
        }
    }

    protected override long Items(Phase phase) => phase switch
    {
        Phase.Inputs => (long)Rows * Plan.Channels / Block,
        Phase.Gradients => (long)Rows * Plan.Outputs / Block,
        Phase.Products => (long)Points * Panels,
        _ => (long)Outputs / Block * Plan.Channels,
    };

    protected override void Do(Phase phase, long item, in OwnMemory own)
    {
        switch (phase)
        {
            case Phase.Inputs:
                var (channel, row) = ((int)(item / Rows) * Block, (int)(item % Rows));
                InputRow(0, _isInputBlocked, FirstRow + row, channel, Scratch + row * Plan.TileColumns * _inputTile + channel, _inputTile, _inputPoint, own);
                break;
            case Phase.Gradients: GradientRow((int)(item % Rows), (int)(item / Rows) * Block, own); break;
            case Phase.Products: Product((int)(item / Panels), (int)(item % Panels)); break;
            default: Weights((int)(item / Plan.Channels) * Block, (int)(item % Plan.Channels), own); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GradientRow(int row, int output, in OwnMemory own)
    {
        var (columns, image, tileRow) = (Plan.TileColumns * Plan.Tile, (FirstRow + row) / Plan.TileRows, (FirstRow + row) % Plan.TileRows);
        var plane = At(1, Strip.Plane(image, Plan.Outputs, output, Plan.OutputHeight, Plan.OutputWidth));
        Strip.Load(plane, IsHalf, _isOutputBlocked, Plan.OutputHeight, Plan.OutputWidth, tileRow * Plan.Tile, 0, Plan.Tile, columns, own.Strip);
        var points = Scratch + _gradients + (nint)row * Plan.TileColumns * _gradientTile + output;
        for (var t = 0; t < Plan.TileColumns; t++, points += _gradientTile)
            for (var lane = 0; lane < Block; lane += TLanes.Count)
            {
                var from = own.Strip + t * Plan.Tile * Block + lane;
                if (Plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Evaluate<N4>(from, columns * Block, Block, points + lane, _gradientPoint, own.Tile);
                else WinogradTransforms<TVector, TLanes>.Evaluate<N2>(from, columns * Block, Block, points + lane, _gradientPoint, own.Tile);
            }
        if (!_hasBias) return;
        // A sum for each row, added in order at the end: the number of threads changes no bit.
        var bias = Scratch + _biases + (nint)(FirstRow + row) * Plan.Outputs + output;
        for (var lane = 0; lane < Block; lane += TLanes.Count)
        {
            var sum = default(TVector);
            for (var i = 0; i < Plan.Tile * columns; i++) sum = TLanes.Add(sum, TLanes.Load(own.Strip + i * Block + lane));
            TLanes.Store(sum, bias + lane);
        }
    }

    /// <summary>All channels at one point, of one panel of outputs, summed over the chunk's tiles.</summary>
    private void Product(int point, int panel)
    {
        var tiles = Rows * Plan.TileColumns;
        var inputs = Scratch + point * _inputPoint;
        var gradients = Scratch + _gradients + point * _gradientPoint + FirstOutput + panel * Panel;
        var sums = Scratch + _sums + point * _sumPoint + panel * Panel;
        const int Depth = Gemm<float>.DepthBlock;
        for (var t = 0; t < tiles; t += Depth)
            Multiply(inputs + t * _inputTile, 1, _inputTile, gradients + t * _gradientTile, _gradientTile, Math.Min(Depth, tiles - t), sums, _sumRow, Plan.Channels,
                Math.Min(Panel, Outputs - panel * Panel), accumulate: Chunk > 0 || t > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Weights(int output, int channel, in OwnMemory own)
    {
        var taps = Plan.Taps * Plan.Taps;
        for (var lane = 0; lane < Block; lane += TLanes.Count)
        {
            WinogradTransforms<TVector, TLanes>.Scale(Scratch + _sums + channel * _sumRow + output + lane, _sumPoint, own.Other, TLanes.Count);
            if (Plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Interpolate<N3>(own.Other, TLanes.Count, own.Strip + lane, 3 * Block, Block, own.Tile);
            else WinogradTransforms<TVector, TLanes>.Interpolate<N5>(own.Other, TLanes.Count, own.Strip + lane, 5 * Block, Block, own.Tile);
        }
        var at = ((nint)(FirstOutput + output) * Plan.Channels + channel) * taps;
        for (var lane = 0; lane < Block; lane++, at += (nint)Plan.Channels * taps)
            for (var k = 0; k < taps; k++)
                Put(2, at + k, own.Strip[k * Block + lane]);
        if (_hasBias && channel == 0) SumBiases(FirstOutput + output);
    }

    private void Put(int buffer, nint element, float value)
    {
        if (_isWide) Buffer<float>(buffer)[element] = value;
        else Buffer<BFloat16>(buffer)[element] = (BFloat16)value;
    }

    private void SumBiases(int output)
    {
        for (var o = output; o < output + Block; o++)
        {
            var sum = 0f;
            for (var row = 0; row < Plan.Images * Plan.TileRows; row++) sum += Scratch[_biases + (nint)row * Plan.Outputs + o];
            Put(3, o, sum);
        }
    }
}

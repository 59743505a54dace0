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
    private readonly WinogradPlan _plan;
    private readonly bool _hasBias, _isInputBlocked, _isOutputBlocked, _isWide;
    private readonly nint _inputTile, _inputPoint, _gradientTile, _gradientPoint, _sumRow, _sumPoint;
    private readonly nint _inputs, _gradients, _sums, _biases, _own;
    private int _chunk, _block;
    private Phase _phase;

    public WinogradBackwardWeightsKernel(WinogradPlan plan, ConvBackwardWeightsSpec spec, MemoryLayout x, MemoryLayout dy, int threads)
        : base(plan, spec.Type == DType.BFloat16, Math.Max(Side * plan.StripColumns, plan.Tile * plan.TileColumns * plan.Tile))
    {
        var bias = spec.Bias;
        (_plan, _hasBias, _isWide) = (plan, bias, !IsHalf || spec.WideResult);
        (InputLayouts, OutputLayouts) = ([x, dy], bias ? [MemoryLayout.Plain, MemoryLayout.Plain] : [MemoryLayout.Plain]);
        (_isInputBlocked, _isOutputBlocked) = (!ReferenceEquals(x, MemoryLayout.Plain), !ReferenceEquals(dy, MemoryLayout.Plain));
        (_inputTile, _gradientTile, _sumRow) = (plan.Channels + Block, plan.Outputs + Block, plan.OutputBlock + Block);
        (_inputPoint, _gradientPoint) = (WinogradPlan.Spread(plan.ChunkTiles * _inputTile), WinogradPlan.Spread(plan.ChunkTiles * _gradientTile));
        _sumPoint = WinogradPlan.Spread(plan.Channels * _sumRow);
        _inputs = 0;
        _gradients = Points * _inputPoint;
        _sums = _gradients + Points * _gradientPoint;
        _biases = _sums + Points * _sumPoint;
        _own = _biases + (bias ? (nint)plan.Images * plan.TileRows * plan.Outputs : 0);
        ScratchBytes = (_own + ThreadElements(threads)) * sizeof(float);
    }

    private enum Phase { Inputs, Gradients, Products, Weights }

    private float* Scratch => Buffer<float>(_hasBias ? 4 : 3);

    private int Outputs => Math.Min(_plan.OutputBlock, _plan.Outputs - _block);

    protected override void Run(ThreadTeam threads)
    {
        // Either there is one chunk, or one block of outputs.
        for (_chunk = 0; _chunk < _plan.Chunks; _chunk++)
        {
            In(Phase.Inputs, threads);
            In(Phase.Gradients, threads);
            for (_block = 0; _block < _plan.Outputs; _block += _plan.OutputBlock)
            {
                In(Phase.Products, threads);
                if (_chunk == _plan.Chunks - 1) In(Phase.Weights, threads);
            }
        }
    }

    private void In(Phase phase, ThreadTeam threads)
    {
        _phase = phase;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        var own = Own(Scratch + _own, worker);
        var (first, behind) = Rows(_chunk);
        var rows = behind - first;
        var panels = (Outputs + Panel - 1) / Panel;
        var count = _phase switch
        {
            Phase.Inputs => (long)rows * _plan.Channels / Block,
            Phase.Gradients => (long)rows * _plan.Outputs / Block,
            Phase.Products => (long)Points * panels,
            _ => (long)Outputs / Block * _plan.Channels,
        };
        var (begin, end) = ThreadTeam.Share(count, worker, workers);
        for (var item = begin; item < end; item++)
            switch (_phase)
            {
                case Phase.Inputs:
                    var (channel, row) = ((int)(item / rows) * Block, (int)(item % rows));
                    InputRow(0, _isInputBlocked, first + row, channel, Scratch + _inputs + row * _plan.TileColumns * _inputTile + channel, _inputTile, _inputPoint, own);
                    break;
                case Phase.Gradients: GradientRow(first, (int)(item % rows), (int)(item / rows) * Block, own); break;
                case Phase.Products: Product((int)(item / panels), (int)(item % panels), rows * _plan.TileColumns); break;
                default: Weights((int)(item / _plan.Channels) * Block, (int)(item % _plan.Channels), own); break;
            }
        if (_phase == Phase.Weights && _hasBias) SumBiases(worker, workers);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GradientRow(int first, int row, int output, in OwnMemory own)
    {
        var (columns, image, tileRow) = (_plan.TileColumns * _plan.Tile, (first + row) / _plan.TileRows, (first + row) % _plan.TileRows);
        var plane = At(1, Strip.Plane(image, _plan.Outputs, output, _plan.OutputHeight, _plan.OutputWidth));
        Strip.Load(plane, IsHalf, _isOutputBlocked, _plan.OutputHeight, _plan.OutputWidth, tileRow * _plan.Tile, 0, _plan.Tile, columns, own.Strip);
        var points = Scratch + _gradients + (nint)row * _plan.TileColumns * _gradientTile + output;
        for (var t = 0; t < _plan.TileColumns; t++, points += _gradientTile)
            for (var lane = 0; lane < Block; lane += TLanes.Count)
            {
                var from = own.Strip + t * _plan.Tile * Block + lane;
                if (_plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Evaluate<N4>(from, columns * Block, Block, points + lane, _gradientPoint, own.Tile);
                else WinogradTransforms<TVector, TLanes>.Evaluate<N2>(from, columns * Block, Block, points + lane, _gradientPoint, own.Tile);
            }
        if (!_hasBias) return;
        // A sum for each row, added in order at the end: the number of threads changes no bit.
        var bias = Scratch + _biases + (nint)(first + row) * _plan.Outputs + output;
        for (var lane = 0; lane < Block; lane += TLanes.Count)
        {
            var sum = default(TVector);
            for (var i = 0; i < _plan.Tile * columns; i++) sum = TLanes.Add(sum, TLanes.Load(own.Strip + i * Block + lane));
            TLanes.Store(sum, bias + lane);
        }
    }

    /// <summary>All channels at one point, of one panel of outputs, summed over the chunk's tiles.</summary>
    private void Product(int point, int panel, int tiles)
    {
        var inputs = Scratch + _inputs + point * _inputPoint;
        var gradients = Scratch + _gradients + point * _gradientPoint + _block + panel * Panel;
        var sums = Scratch + _sums + point * _sumPoint + panel * Panel;
        const int Depth = Gemm<float>.DepthBlock;
        for (var t = 0; t < tiles; t += Depth)
            Multiply(inputs + t * _inputTile, 1, _inputTile, gradients + t * _gradientTile, _gradientTile, Math.Min(Depth, tiles - t), sums, _sumRow, _plan.Channels,
                Math.Min(Panel, Outputs - panel * Panel), accumulate: _chunk > 0 || t > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Weights(int output, int channel, in OwnMemory own)
    {
        var taps = _plan.Taps * _plan.Taps;
        for (var lane = 0; lane < Block; lane += TLanes.Count)
        {
            WinogradTransforms<TVector, TLanes>.Scale(Scratch + _sums + channel * _sumRow + output + lane, _sumPoint, own.Other, TLanes.Count);
            if (_plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Interpolate<N3>(own.Other, TLanes.Count, own.Strip + lane, 3 * Block, Block, own.Tile);
            else WinogradTransforms<TVector, TLanes>.Interpolate<N5>(own.Other, TLanes.Count, own.Strip + lane, 5 * Block, Block, own.Tile);
        }
        var at = ((nint)(_block + output) * _plan.Channels + channel) * taps;
        for (var lane = 0; lane < Block; lane++, at += (nint)_plan.Channels * taps)
            for (var k = 0; k < taps; k++)
                Put(2, at + k, own.Strip[k * Block + lane]);
    }

    private void Put(int buffer, nint element, float value)
    {
        if (_isWide) Buffer<float>(buffer)[element] = value;
        else Buffer<BFloat16>(buffer)[element] = (BFloat16)value;
    }

    private void SumBiases(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(Outputs, worker, workers);
        for (var o = _block + (int)begin; o < _block + end; o++)
        {
            var sum = 0f;
            for (var row = 0; row < _plan.Images * _plan.TileRows; row++) sum += Scratch[_biases + (nint)row * _plan.Outputs + o];
            Put(3, o, sum);
        }
    }
}

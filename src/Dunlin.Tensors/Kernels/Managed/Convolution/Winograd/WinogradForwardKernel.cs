using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// A convolution, or the gradient of its input, by products at points. Weights are transformed once; then, for some rows of tiles at a time, inputs are transformed, multiplied and
/// the outputs interpolated, all threads sharing each of these.
/// </summary>
internal sealed unsafe class WinogradForwardKernel<TVector, TLanes> : WinogradKernel<TVector, TLanes>
    where TVector : struct
    where TLanes : ILanes<float, TVector>
{
    private readonly WinogradPlan _plan;
    private readonly WinogradOperands _operands;
    private readonly nint _filterPoint, _inputTile, _inputPoint, _outputTile, _outputPoint;
    private readonly nint _filters, _inputs, _outputs;
    private int _chunk, _block;
    private Phase _phase;

    public WinogradForwardKernel(WinogradPlan plan, WinogradOperands operands, int threads) : base(plan, operands.IsHalf, Math.Max(Side * plan.StripColumns, plan.Tile * plan.TileColumns * plan.Tile))
    {
        (_plan, _operands) = (plan, operands);
        (InputLayouts, OutputLayouts) = (operands.InputLayouts, operands.OutputLayouts);
        _filterPoint = WinogradPlan.Spread((long)Panels(plan.OutputBlock) * Panel * plan.Channels);
        (_inputTile, _outputTile) = (plan.Channels + Block, plan.OutputBlock + Block);
        (_inputPoint, _outputPoint) = (WinogradPlan.Spread(plan.ChunkTiles * _inputTile), WinogradPlan.Spread(plan.ChunkTiles * _outputTile));
        _filters = 0;
        _inputs = _filters + Points * _filterPoint;
        _outputs = _inputs + Points * _inputPoint;
        ScratchBytes = (_outputs + Points * _outputPoint + ThreadElements(threads)) * sizeof(float);
    }

    private enum Phase { Filters, Inputs, Products, Outputs }

    private float* Scratch => Buffer<float>(_operands.Scratch);

    private int Outputs => Math.Min(_plan.OutputBlock, _plan.Outputs - _block);

    protected override void Run(ThreadTeam threads)
    {
        for (_chunk = 0; _chunk < _plan.Chunks; _chunk++)
        {
            In(Phase.Inputs, threads);
            for (_block = 0; _block < _plan.Outputs; _block += _plan.OutputBlock)
            {
                if (_chunk == 0 || _plan.OutputBlock < _plan.Outputs) In(Phase.Filters, threads);
                In(Phase.Products, threads);
                In(Phase.Outputs, threads);
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
        var own = Own(Scratch + _outputs + Points * _outputPoint, worker);
        var (first, behind) = Rows(_chunk);
        var count = _phase switch
        {
            Phase.Filters => (long)Outputs / Block * _plan.Channels,
            Phase.Inputs => (long)(behind - first) * _plan.Channels / Block,
            Phase.Products => (long)Points * Panels(Outputs),
            _ => (long)(behind - first) * Outputs / Block,
        };
        var (begin, end) = ThreadTeam.Share(count, worker, workers);
        for (var item = begin; item < end; item++)
            switch (_phase)
            {
                case Phase.Filters: Filter((int)(item / _plan.Channels) * Block, (int)(item % _plan.Channels), own); break;
                case Phase.Inputs:
                    var (channel, row) = ((int)(item / (behind - first)) * Block, (int)(item % (behind - first)));
                    InputRow(_operands.X, _operands.IsInputBlocked, first + row, channel,
                        Scratch + _inputs + row * _plan.TileColumns * _inputTile + channel, _inputTile, _inputPoint, own);
                    break;
                case Phase.Products: Product((int)(item / Panels(Outputs)), (int)(item % Panels(Outputs)), (behind - first) * _plan.TileColumns); break;
                default: OutputRow(first, (int)(item % (behind - first)), (int)(item / (behind - first)) * Block, own); break;
            }
    }

    private static int Panels(int outputs) => (outputs + Panel - 1) / Panel;

    /// <summary>Transforms the weights from one channel to 16 outputs: panels of [channels, Panel] at each point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Filter(int output, int channel, in OwnMemory own)
    {
        var taps = _plan.Taps * _plan.Taps;
        _operands.Weights(_plan, _block + output, channel, out var weights, out var step);
        var turned = _operands.IsTurned ? taps - 1 : 0;
        var sign = _operands.IsTurned ? -1 : 1;
        for (var lane = 0; lane < Block; lane++, weights += step)
        {
            var w = At(_operands.W, weights);
            if (IsHalf)
                for (var k = 0; k < taps; k++) own.Strip[k * Block + lane] = BFloat16.FromBits(((ushort*)w)[turned + sign * k]);
            else
                for (var k = 0; k < taps; k++) own.Strip[k * Block + lane] = ((float*)w)[turned + sign * k];
        }
        for (var lane = 0; lane < Block; lane += TLanes.Count)
        {
            var from = own.Strip + lane;
            var to = Scratch + _filters + (nint)((output + lane) / Panel * _plan.Channels + channel) * Panel + (output + lane) % Panel;
            if (_plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Evaluate<N3>(from, 3 * Block, Block, own.Other, TLanes.Count, own.Tile);
            else WinogradTransforms<TVector, TLanes>.Evaluate<N5>(from, 5 * Block, Block, own.Other, TLanes.Count, own.Tile);
            WinogradTransforms<TVector, TLanes>.Scale(own.Other, TLanes.Count, to, _filterPoint);
        }
    }

    /// <summary>All tiles of the chunk at one point, of one panel of outputs.</summary>
    private void Product(int point, int panel, int tiles)
    {
        const int Depth = Gemm<float>.DepthBlock;
        var filters = Scratch + _filters + point * _filterPoint + (nint)panel * Panel * _plan.Channels;
        var inputs = Scratch + _inputs + point * _inputPoint;
        var outputs = Scratch + _outputs + point * _outputPoint + panel * Panel;
        for (var k = 0; k < _plan.Channels; k += Depth)
            Multiply(inputs + k, _inputTile, 1, filters + (nint)k * Panel, Panel, Math.Min(Depth, _plan.Channels - k), outputs, _outputTile, tiles,
                Math.Min(Panel, Outputs - panel * Panel), accumulate: k > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void OutputRow(int first, int row, int output, in OwnMemory own)
    {
        var columns = _plan.TileColumns * _plan.Tile;
        var points = Scratch + _outputs + (nint)row * _plan.TileColumns * _outputTile + output;
        for (var t = 0; t < _plan.TileColumns; t++, points += _outputTile)
            for (var lane = 0; lane < Block; lane += TLanes.Count)
            {
                var to = own.Strip + t * _plan.Tile * Block + lane;
                if (_plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Interpolate<N4>(points + lane, _outputPoint, to, columns * Block, Block, own.Tile);
                else WinogradTransforms<TVector, TLanes>.Interpolate<N2>(points + lane, _outputPoint, to, columns * Block, Block, own.Tile);
            }
        output += _block;
        if (_operands.Bias >= 0) AddBias(own.Strip, _plan.Tile * columns, Bias(output, own));
        if (_operands.Relu) Rectify(own.Strip, _plan.Tile * columns);
        row += first;
        var plane = At(_operands.Y, Strip.Plane(row / _plan.TileRows, _plan.Outputs, output, _plan.OutputHeight, _plan.OutputWidth));
        Strip.Store(own.Strip, columns, plane, IsHalf, _operands.IsOutputBlocked, _plan.OutputHeight, _plan.OutputWidth, row % _plan.TileRows * _plan.Tile, _plan.Tile);
    }

    /// <summary>The bias of 16 outputs in Float32.</summary>
    private float* Bias(int output, in OwnMemory own)
    {
        if (!IsHalf) return Buffer<float>(_operands.Bias) + output;
        HalfPrecision.Widen(DType.BFloat16, At(_operands.Bias, output), new(own.Other, Block));
        return own.Other;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddBias(float* strip, int places, float* bias)
    {
        for (var lane = 0; lane < Block; lane += TLanes.Count)
        {
            var b = TLanes.Load(bias + lane);
            for (var i = 0; i < places; i++) TLanes.Store(TLanes.Add(TLanes.Load(strip + i * Block + lane), b), strip + i * Block + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rectify(float* strip, int places)
    {
        for (var i = 0; i < places * Block; i += TLanes.Count) TLanes.Store(TLanes.Max(TLanes.Load(strip + i), TLanes.Broadcast(0)), strip + i);
    }
}

/// <summary>Which buffer holds what, and in which layout, of a forward pass or of the input's gradient.</summary>
/// <param name="X">The buffer of what is transformed: x, or dy.</param>
/// <param name="W">Of the weights, which are plain.</param>
/// <param name="Bias">Of the bias, or −1.</param>
/// <param name="Y">Of the result.</param>
/// <param name="Relu">Whether the result is rectified.</param>
/// <param name="IsTurned">Whether the weights are turned by 180° and lead from outputs to channels: for the gradient.</param>
/// <param name="XLayout">Plain, or with blocks of 16 channels.</param>
/// <param name="YLayout">Plain, or with blocks of 16 channels.</param>
/// <param name="IsHalf">Whether all operands are BFloat16; then both layouts have blocks.</param>
internal sealed record WinogradOperands(int X, int W, int Bias, int Y, bool Relu, bool IsTurned, MemoryLayout XLayout, MemoryLayout YLayout, bool IsHalf)
{
    public int Scratch => Y + 1;

    public bool IsInputBlocked => !ReferenceEquals(XLayout, MemoryLayout.Plain);

    public bool IsOutputBlocked => !ReferenceEquals(YLayout, MemoryLayout.Plain);

    public MemoryLayout[] InputLayouts => IsTurned ? [MemoryLayout.Plain, XLayout] : Bias < 0 ? [XLayout, MemoryLayout.Plain] : [XLayout, MemoryLayout.Plain, MemoryLayout.Plain];

    public MemoryLayout[] OutputLayouts => [YLayout];

    /// <summary>Where the taps from a channel to an output begin, and how far it is to those to the next output.</summary>
    public void Weights(WinogradPlan plan, int output, int channel, out nint begin, out nint step)
    {
        nint taps = plan.Taps * plan.Taps;
        begin = (IsTurned ? (nint)channel * plan.Outputs + output : (nint)output * plan.Channels + channel) * taps;
        step = IsTurned ? taps : plan.Channels * taps;
    }
}

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
    private readonly WinogradOperands _operands;
    private readonly nint _filterPoint, _inputTile, _inputPoint, _outputTile, _outputPoint;
    private readonly nint _inputs, _outputs;

    public WinogradForwardKernel(WinogradPlan plan, WinogradOperands operands, int threads) : base(plan, operands.IsHalf)
    {
        _operands = operands;
        (InputLayouts, OutputLayouts) = (operands.InputLayouts, operands.OutputLayouts);
        _filterPoint = WinogradPlan.Spread((long)PanelsOf(plan.OutputBlock) * Panel * plan.Channels);
        (_inputTile, _outputTile) = (plan.Channels + Block, plan.OutputBlock + Block);
        (_inputPoint, _outputPoint) = (WinogradPlan.Spread(plan.ChunkTiles * _inputTile), WinogradPlan.Spread(plan.ChunkTiles * _outputTile));
        _inputs = Points * _filterPoint;
        _outputs = _inputs + Points * _inputPoint;
        ScratchBytes = (_outputs + Points * _outputPoint + ThreadElements(threads)) * sizeof(float);
    }

    protected override float* OwnMemories => Scratch + _outputs + Points * _outputPoint;

    private float* Scratch => Buffer<float>(_operands.Scratch);

    protected override void Run(ThreadTeam threads)
    {
        for (Chunk = 0; Chunk < Plan.Chunks; Chunk++)
        {
            In(Phase.Inputs, threads);
            for (FirstOutput = 0; FirstOutput < Plan.Outputs; FirstOutput += Plan.OutputBlock)
            {
                if (Chunk == 0 || Plan.OutputBlock < Plan.Outputs) In(Phase.Filters, threads);
                In(Phase.Products, threads);
                In(Phase.Outputs, threads);
            }
        }
    }

    protected override long Items(Phase phase) => phase switch
    {
        Phase.Filters => (long)Outputs / Block * Plan.Channels,
        Phase.Inputs => (long)Rows * Plan.Channels / Block,
        Phase.Products => (long)Points * Panels,
        _ => (long)Rows * Outputs / Block,
    };

    protected override void Do(Phase phase, long item, in OwnMemory own)
    {
        switch (phase)
        {
            case Phase.Filters: Filter((int)(item / Plan.Channels) * Block, (int)(item % Plan.Channels), own); break;
            case Phase.Inputs:
                var (channel, row) = ((int)(item / Rows) * Block, (int)(item % Rows));
                InputRow(_operands.X, _operands.IsInputBlocked, FirstRow + row, channel, Scratch + _inputs + row * Plan.TileColumns * _inputTile + channel, _inputTile, _inputPoint, own);
                break;
            case Phase.Products: Product((int)(item / Panels), (int)(item % Panels)); break;
            default: OutputRow((int)(item % Rows), (int)(item / Rows) * Block, own); break;
        }
    }

    /// <summary>Transforms the weights from one channel to 16 outputs: panels of [channels, Panel] at each point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Filter(int output, int channel, in OwnMemory own)
    {
        var taps = Plan.Taps * Plan.Taps;
        _operands.Weights(Plan, FirstOutput + output, channel, out var weights, out var step);
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
            var to = Scratch + (nint)((output + lane) / Panel * Plan.Channels + channel) * Panel + (output + lane) % Panel;
            if (Plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Evaluate<N3>(from, 3 * Block, Block, own.Other, TLanes.Count, own.Tile);
            else WinogradTransforms<TVector, TLanes>.Evaluate<N5>(from, 5 * Block, Block, own.Other, TLanes.Count, own.Tile);
            WinogradTransforms<TVector, TLanes>.Scale(own.Other, TLanes.Count, to, _filterPoint);
        }
    }

    /// <summary>All tiles of the chunk at one point, of one panel of outputs.</summary>
    private void Product(int point, int panel)
    {
        const int Depth = Gemm<float>.DepthBlock;
        var filters = Scratch + point * _filterPoint + (nint)panel * Panel * Plan.Channels;
        var inputs = Scratch + _inputs + point * _inputPoint;
        var outputs = Scratch + _outputs + point * _outputPoint + panel * Panel;
        for (var k = 0; k < Plan.Channels; k += Depth)
            Multiply(inputs + k, _inputTile, 1, filters + (nint)k * Panel, Panel, Math.Min(Depth, Plan.Channels - k), outputs, _outputTile, Rows * Plan.TileColumns,
                Math.Min(Panel, Outputs - panel * Panel), accumulate: k > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void OutputRow(int row, int output, in OwnMemory own)
    {
        var columns = Plan.TileColumns * Plan.Tile;
        var points = Scratch + _outputs + (nint)row * Plan.TileColumns * _outputTile + output;
        for (var t = 0; t < Plan.TileColumns; t++, points += _outputTile)
            for (var lane = 0; lane < Block; lane += TLanes.Count)
            {
                var to = own.Strip + t * Plan.Tile * Block + lane;
                if (Plan.Taps == 3) WinogradTransforms<TVector, TLanes>.Interpolate<N4>(points + lane, _outputPoint, to, columns * Block, Block, own.Tile);
                else WinogradTransforms<TVector, TLanes>.Interpolate<N2>(points + lane, _outputPoint, to, columns * Block, Block, own.Tile);
            }
        output += FirstOutput;
        if (_operands.Bias >= 0) AddBias(own.Strip, Plan.Tile * columns, Bias(output, own));
        if (_operands.Relu) Rectify(own.Strip, Plan.Tile * columns);
        row += FirstRow;
        var plane = At(_operands.Y, Strip.Plane(row / Plan.TileRows, Plan.Outputs, output, Plan.OutputHeight, Plan.OutputWidth));
        Strip.Store(own.Strip, columns, plane, IsHalf, _operands.IsOutputBlocked, Plan.OutputHeight, Plan.OutputWidth, row % Plan.TileRows * Plan.Tile, Plan.Tile);
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

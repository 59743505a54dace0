using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// Several element-wise operations over equally many elements as one. Made by the fusion pass only. Each step's operands are
/// numbered: inputs first, then the results of the steps.
/// </summary>
/// <param name="Steps">The operations in order.</param>
/// <param name="InputCount">Operands from outside.</param>
/// <param name="Results">The steps whose results are outputs.</param>
/// <param name="StepTypes">The type of each step's result.</param>
internal sealed record FusedElementwise(IReadOnlyList<FusedElementwise.Step> Steps, int InputCount, IReadOnlyList<int> Results,
    IReadOnlyList<TensorType> StepTypes) : Operation
{
    public override string Name => Steps.Count == 1 ? Steps[0].Operation.Name : $"Fused({string.Join("+", Steps.Select(s => s.Operation.Name))})";

    /// <summary>One operation alone, or null if an input broadcasts by more than one element for all.</summary>
    public static FusedElementwise? Single(Elementwise operation, IReadOnlyList<TensorType> inputs, TensorType output) =>
        inputs.All(i => Fits(i, output)) ? new([new(operation, [.. Enumerable.Range(0, inputs.Count)])], inputs.Count, [0], [output]) : null;

    /// <summary>Whether an operand needs no broadcasting along dimensions: as many elements as the result, or a single one.</summary>
    public static bool Fits(TensorType input, TensorType output) =>
        input.Shape.ElementCount == output.Shape.ElementCount || input.Shape.ElementCount == 1;

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [.. Results.Select(r => StepTypes[r])];

    public override Kernel Prepare(PrepareContext context)
    {
        var count = context.Outputs[0].Shape.ElementCount;
        var layout = context.Layouts.Count == 0 ? MemoryLayout.Plain : ChooseLayout(context, count);
        return new TileKernel(Program(context.Inputs, context.Outputs), count, context.Threads)
        {
            InputLayouts = [.. context.Inputs.Select(i => i.Shape.ElementCount == count ? layout.Of(i.Type)! : MemoryLayout.Plain)],
            OutputLayouts = [.. context.Outputs.Select(o => layout.Of(o.Type)!)],
        };
    }

    /// <summary>The program that computes a tile of the outputs.</summary>
    internal TileProgram Program(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs)
    {
        var count = outputs[0].Shape.ElementCount;
        var registers = new List<TileProgram.Register>();
        foreach (var input in inputs) registers.Add(new() { ElementSize = input.Type.Size(), IsScalar = input.Shape.ElementCount == 1 && count != 1 });
        foreach (var output in outputs) registers.Add(new() { ElementSize = output.Type.Size() });

        var place = new int[InputCount + Steps.Count];
        for (var i = 0; i < InputCount; i++) place[i] = i;
        var steps = new TileProgram.Step[Steps.Count];
        for (var s = 0; s < Steps.Count; s++)
        {
            var result = IndexOf(Results, s);
            if (result < 0) registers.Add(new() { ElementSize = StepTypes[s].Type.Size(), NeedsTile = true });
            place[InputCount + s] = result < 0 ? registers.Count - 1 : InputCount + result;
            int[] operands = [.. Steps[s].Operands.Select(o => place[o]), place[InputCount + s]];
            steps[s] = new(Function(Steps[s], inputs, registers), operands);
        }
        return new(steps, [.. registers], InputCount, Results.Count);
    }

    private TileFunction Function(Step step, IReadOnlyList<TensorType> inputs, List<TileProgram.Register> registers)
    {
        DType[] types = [.. step.Operands.Select(o => o < InputCount ? inputs[o].Type : StepTypes[o - InputCount].Type)];
        bool[] scalar = [.. step.Operands.Select(o => o < InputCount && registers[o].IsScalar && !registers[o].NeedsTile)];
        if (step.Operation.Tile(types, scalar) is { } function) return function;
        for (var i = 0; i < scalar.Length; i++)
            if (scalar[i])
                registers[step.Operands[i]] = registers[step.Operands[i]] with { NeedsTile = true };
        return step.Operation.Tile(types, new bool[scalar.Length])
            ?? throw new InvalidOperationException($"{step.Operation.Name} has no tile function for {string.Join(", ", types)}.");
    }

    /// <summary>Runs in the layout that the operands already share or, where they differ, in one of those that only permute elements.</summary>
    private static MemoryLayout ChooseLayout(PrepareContext context, long count)
    {
        for (var i = 0; i < context.Inputs.Count; i++)
        {
            var (type, layout) = (context.Inputs[i], context.Layouts[i]);
            if (type.Shape.ElementCount != count || ReferenceEquals(layout, MemoryLayout.Plain)) continue;
            // A layout is one of an element type: of some, truth values say, there is none.
            bool Fits(TensorType operand) => operand.Shape == type.Shape && layout.Of(operand.Type) is { } own && own.IsPermutation(operand);
            return !context.KeepPlain && context.Inputs.All(o => o.Shape.ElementCount != count || Fits(o)) && context.Outputs.All(Fits) ? layout : MemoryLayout.Plain;
        }
        return MemoryLayout.Plain;
    }

    private static int IndexOf(IReadOnlyList<int> list, int item)
    {
        for (var i = 0; i < list.Count; i++)
            if (list[i] == item) return i;
        return -1;
    }

    /// <summary>One operation of the group.</summary>
    internal readonly record struct Step(Elementwise Operation, int[] Operands);
}

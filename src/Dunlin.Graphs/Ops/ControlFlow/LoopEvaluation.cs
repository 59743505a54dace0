namespace Dunlin.Graphs.Ops;

/// <summary>A run of a loop whose shapes change from iteration to iteration: each runs the body as a step of its own.</summary>
/// <param name="loop">The loop.</param>
/// <param name="inputs">Its inputs' elements.</param>
/// <param name="session">Runs the body.</param>
internal sealed unsafe class LoopEvaluation(Loop loop, IReadOnlyList<Tensor> inputs, Session session)
{
    private readonly Tensor[] _states = [.. inputs.Skip(loop.FirstState).Take(loop.States)];
    private readonly Tensor[] _scanned = [.. inputs.Skip(loop.FirstState + loop.States).Take(loop.Scanned)];
    private readonly Tensor[] _captured = [.. inputs.Skip(loop.FirstState + loop.States + loop.Scanned)];
    private readonly List<Tensor>[] _stacked = [.. loop.Stacked.Select(_ => new List<Tensor>())];

    public IReadOnlyList<Tensor> Run()
    {
        var body = session.StepOf(loop, () => new(session, loop.Body.Parameters, loop.Computed, [.. loop.Body.Effects.Select(e => e.Outputs[0])], session.Options.DisabledPasses));
        var lists = loop.Trips == Trips.Length ? [] : _scanned.Select(s => TensorList.At(*(nint*)s.Address)).ToArray();
        var count = loop.Trips switch
        {
            Trips.Length => loop.LengthFor([.. inputs.Select(i => i.TensorType)]),
            Trips.Count => inputs[0].Item<long>(),
            _ => lists.Select(l => (long)l.Count).DefaultIfEmpty(long.MaxValue).Min(),
        };
        var goes = loop.Trips != Trips.While || inputs[0].Item<bool>();
        var iterations = 0L;
        while (goes && iterations < count)
        {
            loop.CheckLimit(iterations);
            var at = (int)(loop.Reverse ? count - 1 - iterations : iterations);
            Tensor[] elements = loop.Trips == Trips.Length ? [.. _scanned.Select(s => Slice(s, at))] : [.. lists.Select((l, x) => l.ToTensor(at, loop.Body.Parameters[loop.States + x].TensorType))];
            IReadOnlyList<Tensor> results;
            try { results = body.Run([.. _states, .. elements, .. _captured]); }
            catch (DunlinException e)
            {
                loop.At(iterations, e);
                throw;
            }
            goes = loop.Trips != Trips.While || results[0].Item<bool>();
            for (var s = 0; s < _states.Length; s++) _states[s] = results[loop.FirstResult + s];
            for (var k = 0; k < _stacked.Length; k++) _stacked[k].Add(results[loop.Body.Results.Count + k]);
            iterations++;
        }
        if (loop.Reverse)
            foreach (var stack in _stacked) stack.Reverse();
        return [.. _states, .. _stacked.Select((s, k) => loop.Trips == Trips.Length ? Stack(s, k) : List(s, k)), .. loop.Trips == Trips.While ? [Tensor.Scalar(iterations)] : Array.Empty<Tensor>()];
    }

    /// <summary>What is known of the elements of a list.</summary>
    private static TensorType? ElementOf(Tensor list) => list.Type == DType.List && list.Shape.Rank == 0 ? TensorList.At(*(nint*)list.Address).ElementType : null;

    private static Tensor Slice(Tensor tensor, int at)
    {
        var slice = Tensor.Uninitialized(tensor.Type, tensor.Shape[1..]);
        Buffer.MemoryCopy((void*)(tensor.Address + (nint)(at * slice.Bytes)), (void*)slice.Address, slice.Bytes, slice.Bytes);
        return slice;
    }

    private Tensor List(List<Tensor> elements, int stacked)
    {
        var list = new TensorList(elements.Count > 0 ? elements[0].TensorType : InferredElement(stacked));
        foreach (var element in elements) list.Add(element.TensorType, element.Address);
        var handle = Tensor.Uninitialized(DType.List, []);
        *(nint*)handle.Address = list.Handle;
        GC.KeepAlive(elements);
        return handle;
    }

    /// <summary>What is known of an element that would be stacked if there were an iteration.</summary>
    private TensorType InferredElement(int stacked)
    {
        var types = loop.ParameterTypes([.. inputs.Select(i => i.TensorType)]);
        for (var x = 0; x < loop.Scanned && loop.Trips != Trips.Length; x++) types[loop.States + x] = ElementOf(_scanned[x]) ?? types[loop.States + x];
        var lists = inputs.Skip(loop.FirstState).Select((p, i) => i < loop.States || i >= loop.States + loop.Scanned ? ElementOf(p) : null);
        return new GuessedTypes(loop.Body, types, [.. lists], [loop.Stacked[stacked]]).TypeOf(loop.Stacked[stacked]);
    }

    private Tensor Stack(List<Tensor> elements, int stacked)
    {
        var declared = loop.Stacked[stacked].TensorType;
        var first = elements.Count > 0 ? elements[0].Shape : Shape.Create([.. InferredElement(stacked).Shape.Dimensions.ToArray().Select(d => Math.Max(0, d))]);
        var result = Tensor.Uninitialized(declared.Type, Shape.Of(elements.Count).Append(first.Dimensions));
        for (var i = 0; i < elements.Count; i++)
        {
            if (elements[i].Shape != first)
                throw new ShapeException($"A loop stacks what {loop.Stacked[stacked].Name} is in each iteration, so its shape may not change; it was {first} in the first and {elements[i].Shape} in iteration {i}.");
            Buffer.MemoryCopy((void*)elements[i].Address, (void*)(result.Address + (nint)(i * elements[i].Bytes)), elements[i].Bytes, elements[i].Bytes);
        }
        return result;
    }
}

using System.Numerics.Tensors;
using Tensor = Dunlin.Tensors.Tensor;

namespace Dunlin.Strategies;

/// <summary>
/// A parameter server: takes gradients of workers that come and go and gives them weights, in the order that its <see cref="Discipline"/> allows. It neither sends nor waits: whoever carries calls to it gives it one
/// at a time, and is told of each answer, in the same call or a later one.
/// </summary>
internal sealed class ServerNode : IDisposable
{
    private readonly Dictionary<int, Member> _members = [];

    // Who comes back has its numbers again: a gradient that was on its way when it left is not taken twice.
    private readonly Dictionary<int, Member> _left = [];
    private readonly List<ServerCall> _waiting = [];
    private readonly Discipline _discipline;
    private bool _isInitialized;
    private string? _failure;

    /// <param name="shard">What it holds; the node owns it.</param>
    /// <param name="discipline">When gradients are applied, and who waits for whom.</param>
    public ServerNode(ServerShard shard, Discipline discipline)
    {
        (Shard, _discipline) = (shard, discipline);
        discipline.Server = this;
    }

    public ServerShard Shard { get; }

    /// <summary>The workers that have joined and not left, by number.</summary>
    public IReadOnlyDictionary<int, Member> Members => _members;

    /// <summary>Those that have left, and what is known of them.</summary>
    public IReadOnlyDictionary<int, Member> Left => _left;

    /// <summary><see cref="Discipline.IsBetweenSteps"/>.</summary>
    public bool IsBetweenSteps => _discipline.IsBetweenSteps;

    /// <summary><see cref="Discipline.Step"/>.</summary>
    public long Step => _discipline.Step;

    /// <summary><see cref="Discipline.State"/>.</summary>
    public IReadOnlyList<Tensor> State => _discipline.State;

    /// <summary><see cref="Discipline.Numbers"/>.</summary>
    public IReadOnlyList<double> Numbers { get => _discipline.Numbers; set => _discipline.Numbers = value; }

    /// <summary>For which workers others wait.</summary>
    public IReadOnlyList<int> Missing => [.. _discipline.Missing.Order()];

    /// <summary>Gradients that came too late to be used.</summary>
    public long Dropped { get; private set; }

    /// <summary>A worker comes, or comes back: after it was cut off, or after it had left.</summary>
    /// <param name="worker">Its number.</param>
    /// <param name="life">Which of its lives, or processes: one that was started again has forgotten what it had begun.</param>
    public Member Join(int worker, long life = 0)
    {
        if (!_members.TryGetValue(worker, out var member))
        {
            if (_left.Remove(worker, out member)) member.Clock = _discipline.ClockOf(member);
            else member = new Member(worker) { Clock = _discipline.FirstClock };
            _members.Add(worker, member);
        }
        member.Begin(life);
        return member;
    }

    /// <summary>A worker goes: nobody waits for it any more, and what it had begun is not taken.</summary>
    public void Leave(int worker)
    {
        // After a failure nothing is applied any more.
        if (!_members.Remove(worker, out var member) || _failure is not null) return;
        _left.Add(worker, member);
        foreach (var call in _waiting.Where(c => c.Worker == worker).ToList())
        {
            _waiting.Remove(call);
            _discipline.Forget(call);
            call.Refuse($"worker {worker} has left.");
        }
        _discipline.Left(worker);
        AnswerWaiting();
    }

    /// <summary>The first weights; those of a second worker that brings them are not taken.</summary>
    public void Initialize(ReadOnlySpan<Tensor> weights)
    {
        if (_isInitialized) return;
        for (var i = 0; i < weights.Length; i++) weights[i].CopyTo(Shard.Weights[i]);
        _isInitialized = true;
    }

    /// <summary>Takes up where a server was between two steps; weights and state are for the caller to bring.</summary>
    /// <param name="members">All workers, and whether they are in.</param>
    /// <param name="step">Its <see cref="Step"/>.</param>
    /// <param name="dropped">Its <see cref="Dropped"/>.</param>
    public void Restore(IEnumerable<(Member Member, bool IsIn)> members, long step, long dropped)
    {
        _members.Clear();
        _left.Clear();
        foreach (var (member, isIn) in members) (isIn ? _members : _left).Add(member.Worker, member);
        (_discipline.Step, Dropped, _isInitialized) = (step, dropped, true);
    }

    /// <summary>Takes a call, and answers it and others as far as can be.</summary>
    public void Handle(ServerCall call)
    {
        if (_failure is { } failure) call.Refuse(failure);
        else if (!_members.TryGetValue(call.Worker, out var member)) call.Refuse($"worker {call.Worker} has not joined, or has left.");
        else if (!_isInitialized) call.Refuse("the server has no weights yet.");
        else if (call.Rows is { } rows)
        {
            // Read as they are: the worker has been let go on with its step.
            foreach (var wanted in rows) Strategies.Rows.Gather(Shard.Weights[wanted.Slice], wanted.Numbers, wanted.Rows);
            call.Answer(call.Clock, call.Number, call.Version);
        }
        else if (call.Classes is { } query) Answer(call, query, member);
        else if (call.Program is { } program)
        {
            if (Refuse(call, program) is { } refusal) call.Refuse(refusal);
            else Run(call, program, member);
        }
        else
        {
            var older = WaitingOf(call.Worker);
            if (IsLate(call, older, member))
            {
                call.Refuse($"worker {call.Worker} has sent another call since this one.");
                return;
            }
            // One that was cut off asks again: the newer call takes the older one's place.
            if (older is not null)
            {
                _waiting.Remove(older);
                TakeOver(older, call);
                _discipline.Replace(older, call);
            }
            else if (call.Gradients is not null && call.Number > member.Taken)
            {
                if (!Complete(call, member)) return;
                member.Taken = call.Number;
                _discipline.Take(call, member);
            }
            _waiting.Add(call);
            AnswerWaiting();
        }
    }

    /// <summary>Asks all workers to stop: each is told with its next answer.</summary>
    public void Stop() => IsStopping = true;

    /// <summary>Whether all were asked to stop.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Ends the run: all who wait, and all who come, are told why.</summary>
    public void Fail(string reason)
    {
        _failure ??= reason;
        foreach (var call in _waiting) call.Refuse(_failure);
        _waiting.Clear();
    }

    /// <summary>Applies a gradient; one of no examples is none.</summary>
    public void Apply(ServerCall call, double factor = 1)
    {
        if (call.Examples == 0) return;
        if (_members[call.Worker].Given is { } given) Shard.ApplyCorrected(call.Gradients!, given, factor);
        else Shard.Apply(call.Gradients, factor);
    }

    /// <summary>Notes that a gradient came too late.</summary>
    public void Drop() => Dropped++;

    /// <inheritdoc/>
    public void Dispose() => Shard.Dispose();

    private ServerCall? WaitingOf(int worker)
    {
        foreach (var call in _waiting)
            if (call.Worker == worker) return call;
        return null;
    }

    /// <summary>What was computed here for a call belongs to the one that takes its place.</summary>
    private static void TakeOver(ServerCall older, ServerCall call)
    {
        if (older.Gradients is { } taken) call.Gradients = [.. call.Gradients!.Select((g, i) => g.Values is null ? taken[i] : g)];
    }

    private string? Refuse(ServerCall call, Tensor program) => call.Worker == 0 ? _discipline.Refuse(program) : $"worker {call.Worker} would compute with the servers' vectors, and that is for worker 0.";

    /// <summary>Runs a program, once: who asks again is told what it gave.</summary>
    private void Run(ServerCall call, Tensor program, Member member)
    {
        if (call.Number > member.Taken)
        {
            member.Taken = call.Number;
            member.Results = _discipline.Run(program);
            AnswerWaiting();
        }
        if (call.Results is { } results && results.ElementCount == member.Results.Length) member.Results.CopyTo(results.Span<double>());
        call.Answer(call.Clock, call.Number, call.Version, IsStopping);
    }

    /// <summary>Answers a question about classes, and keeps the gradient of their weights for the worker's next one.</summary>
    private void Answer(ServerCall call, ClassQuery query, Member member)
    {
        if (query.Question == ClassQuestion.Gradients && call.Number <= member.Taken)
        {
            call.Refuse($"worker {call.Worker} has sent another call since this one.");
            return;
        }
        // One that comes again is answered again; what it adds is there already.
        if (Shard.Answer(query) is { } gradient && member.Add(query, gradient) && Shard.Compensation is not null) member.Keep(Shard.Given, query.Slice);
        call.Answer(call.Clock, call.Number, call.Version);
    }

    /// <summary>Adds the gradients that were computed here.</summary>
    /// <returns>Whether all are there; if not, the call is refused.</returns>
    private static bool Complete(ServerCall call, Member member)
    {
        for (var i = 0; i < call.Gradients!.Length && call.Examples > 0; i++)
        {
            if (call.Gradients[i].Values is not null || member.ClassGradients.ContainsKey(i)) continue;
            call.Refuse($"worker {call.Worker} gives no gradient for the server's slice {i}, and has not had it computed here since its last one: it asks for the gradients of a softmax over all classes in each step.");
            return false;
        }
        if (member.ClassGradients.Count == 0) return true;
        var gradients = (SliceGradient[])call.Gradients.Clone();
        foreach (var (slice, (sum, _)) in member.ClassGradients)
            if (gradients[slice].Values is null) gradients[slice] = new(sum);
        if (call.Examples > 0) call.Gradients = gradients;
        member.ClassGradients.Clear();
        return true;
    }

    /// <summary>Whether a call was overtaken by one that its worker sent later.</summary>
    private static bool IsLate(ServerCall call, ServerCall? older, Member member) =>
        call.Gradients is null ? older?.Gradients is not null : call.Number < member.Taken;

    private void AnswerWaiting()
    {
        // An answer changes no one else's turn: clocks move when gradients come.
        for (var i = 0; i < _waiting.Count;)
        {
            var call = _waiting[i];
            if (!_discipline.MayAnswer(call, _members[call.Worker]))
            {
                i++;
                continue;
            }
            _waiting.RemoveAt(i);
            var member = _members[call.Worker];
            if (call.Weights is { } weights)
            {
                var given = Shard.Given;
                for (var k = 0; k < weights.Length; k++)
                    if (weights[k] is { } wanted) given[k].CopyTo(wanted);
                if (Shard.Compensation is not null) member.Keep(given);
            }
            call.Answer(member.Clock, member.Taken, Shard.Version, IsStopping);
        }
    }
}

/// <summary>What a server knows of a worker.</summary>
/// <param name="worker">Its number.</param>
internal sealed class Member(int worker)
{
    public int Worker => worker;

    /// <summary>The step that it is to do next.</summary>
    public long Clock { get; set; }

    /// <summary>The number of the last gradient that was taken from it.</summary>
    public long Taken { get; set; }

    /// <summary>Which of its lives, or processes.</summary>
    public long Life { get; private set; }

    /// <summary>Gradients of weights of classes that were computed here for its next call, by the slice's number: their sum, and the last step that is in it (<see cref="ClassQuery.Step"/>).</summary>
    public Dictionary<int, (Tensor Sum, long Step)> ClassGradients { get; } = [];

    /// <summary>What the last program of its gave.</summary>
    public double[] Results { get; set; } = [];

    /// <summary>The weights that it was given last; null where they are not kept.</summary>
    public Tensor[]? Given { get; private set; }

    /// <summary>It comes, or is there.</summary>
    /// <param name="life">What another one had computed here is nobody's.</param>
    public void Begin(long life)
    {
        if (life != Life) ClassGradients.Clear();
        Life = life;
    }

    /// <summary>Adds a gradient of weights of classes to those for its next call.</summary>
    /// <returns>Whether it was not there yet, and is to be kept.</returns>
    public bool Add(ClassQuery query, Tensor gradient)
    {
        if (query.Step == 0 || (ClassGradients.TryGetValue(query.Slice, out var known) && known.Step >= query.Step)) return false;
        if (known.Sum is { } sum) TensorPrimitives.Add(sum.Span<float>(), gradient.Span<float>(), sum.Span<float>());
        ClassGradients[query.Slice] = (known.Sum ?? gradient, query.Step);
        return true;
    }

    /// <summary>Keeps a copy of weights that it is given, or that are used for it.</summary>
    /// <param name="given">The weights.</param>
    /// <param name="slice">Of which slice; null for all.</param>
    public void Keep(IReadOnlyList<Tensor> given, int? slice = null)
    {
        if (Given is null) (Given, slice) = ([.. given.Select(g => Tensor.Uninitialized(g.Type, g.Shape))], null);
        for (var i = 0; i < Given.Length; i++)
            if (slice is null || i == slice) given[i].CopyTo(Given[i]);
    }
}

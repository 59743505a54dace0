namespace Dunlin.Strategies;

/// <summary>When a worker gives a server its gradients, and takes weights. Belongs to one worker.</summary>
internal abstract class WorkerRule
{
    /// <summary>A step is done, and the links have its gradient.</summary>
    public abstract void Stepped(ReadOnlySpan<ServerLink> links);

    /// <summary>Gives the servers all that they have not been given yet, and takes their weights.</summary>
    public virtual void Meet(ReadOnlySpan<ServerLink> links)
    {
        foreach (var link in links) link.Push();
        foreach (var link in links) link.Receive();
    }
}

/// <summary>Gives the sum of the gradients every few steps, and takes weights every few (Downpour's n_push and n_fetch: Dean et al., 2012).</summary>
/// <param name="push">Every how many steps gradients are given.</param>
/// <param name="fetch">Every how many steps weights are taken.</param>
internal sealed class PeriodicRule(int push, int fetch) : WorkerRule
{
    private long _steps;

    public override void Stepped(ReadOnlySpan<ServerLink> links)
    {
        _steps++;
        var (pushes, fetches) = (_steps % push == 0, _steps % fetch == 0);
        if (!pushes && !fetches) return;
        foreach (var link in links)
        {
            if (pushes) link.Push(fetches);
            else link.Ask();
        }
        foreach (var link in links) link.Receive();
    }
}

/// <summary>
/// Meets a server if that is free, and goes on with its own next batch if not; one that has come too far of its own waits (Chan and Lane, 2014). With several servers, each is met when it is free.
/// </summary>
/// <param name="maximumSteps">After how many steps since it met a server it waits for it.</param>
/// <param name="maximumDistance">How far its weights may be from those that it was given, ‖θ − θ′‖, before it waits for all.</param>
internal sealed class TryLockRule(int maximumSteps, double maximumDistance) : WorkerRule
{
    public override void Stepped(ReadOnlySpan<ServerLink> links)
    {
        var isFar = !double.IsPositiveInfinity(maximumDistance) && DistanceOf(links) >= maximumDistance;
        foreach (var link in links)
        {
            if (!isFar && link.Kept < maximumSteps) link.TryPush();
            else link.Push();
        }
        foreach (var link in links) link.Receive();
    }

    private static double DistanceOf(ReadOnlySpan<ServerLink> links)
    {
        var sum = 0.0;
        foreach (var link in links) sum += link.SquaredDistance;
        return Math.Sqrt(sum);
    }
}

/// <summary>Steps of its own, and every few an exchange with the servers that draws both towards each other (EASGD: Zhang, Choromanska and LeCun, 2015).</summary>
/// <param name="every">Every how many steps.</param>
/// <param name="rate">Which part of the way each goes, above 0 and below 1.</param>
internal sealed class ElasticRule(int every, double rate) : WorkerRule
{
    public override void Stepped(ReadOnlySpan<ServerLink> links)
    {
        foreach (var link in links)
        {
            if (link.Kept < every) continue;
            Meet(links);
            return;
        }
    }

    public override void Meet(ReadOnlySpan<ServerLink> links)
    {
        foreach (var link in links)
            if (link.Kept > 0) link.PushWeights();
        foreach (var link in links) link.ReceiveElastic(rate);
    }
}

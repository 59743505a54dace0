namespace Dunlin.Communication;

/// <summary>How ranks that are threads of one process wait for each other.</summary>
public sealed record LocalOptions
{
    /// <summary>
    /// How long one wait lasts before the group fails with an error that names the ranks that did not come. Threads of one process can't
    /// vanish unnoticed, so this catches deadlocks in the program; it must outlast what one rank does alone (a check-point, a validation).
    /// </summary>
    /// <value>More than zero; 5 minutes unless set.</value>
    /// <exception cref="InvalidValueException">The value is not positive.</exception>
    public TimeSpan Timeout { get; init => field = Require.That(nameof(LocalOptions), value, value > TimeSpan.Zero, "above 0"); } = TimeSpan.FromMinutes(5);
}

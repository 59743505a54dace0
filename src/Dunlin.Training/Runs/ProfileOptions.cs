using Dunlin.Graphs.Profiling;

namespace Dunlin.Training;

/// <summary>Which steps of a run are profiled; the others run at full speed.</summary>
public sealed record ProfileOptions
{
    /// <summary>Steps of this run before the first that is profiled: in the first ones the runtime still compiles. Fewer where the run would end before.</summary>
    /// <value>At least 0; 5 unless set.</value>
    public int Skip { get; init => field = Require.AtLeast(nameof(ProfileOptions), value, 0); } = 5;

    /// <summary>Steps that are profiled.</summary>
    /// <value>At least 1; 20 unless set.</value>
    public int Steps { get; init => field = Require.AtLeast(nameof(ProfileOptions), value, 1); } = 20;

    /// <summary>Events that each lane of the trace keeps; later ones are counted in the table only.</summary>
    /// <value>At least 1; <see cref="EventTrace.UsualMostEvents"/> unless set.</value>
    public int MostEvents { get; init => field = Require.AtLeast(nameof(ProfileOptions), value, 1); } = EventTrace.UsualMostEvents;
}

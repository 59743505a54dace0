namespace Dunlin.Communication;

/// <summary>What a message between ranks of several hosts is for: the world's own, or a group's (<see cref="ExchangeCommunicator"/>). Each use has tags of its own.</summary>
/// <param name="Kind">0 of the world; 1 or more of groups.</param>
/// <param name="Group">The group's number, from 1; 0 of the world.</param>
internal readonly record struct MessageUse(int Kind, int Group)
{
    /// <summary>Groups that any rank may be in one after the other.</summary>
    public const int MostGroups = 255;

    private const int Kinds = 4;

    public static MessageUse OfWorld => default;

    /// <summary>Of a group's collectives in their first stride, or in their second: a message of one must not be taken for one of the other.</summary>
    public static MessageUse OfCollective(int group, int stride) => new(stride, group);

    public static MessageUse OfGroup(int group) => new(3, group);

    public long TagOf(int tag) => (Kind == 0 ? tag : (long)tag * (MostGroups + 1) + Group) * Kinds + Kind;

    /// <summary>The largest tag that stays below a limit.</summary>
    public long LargestTag(long limit) => Kind == 0 ? limit / Kinds - 1 : limit / Kinds / (MostGroups + 1) - 1;
}

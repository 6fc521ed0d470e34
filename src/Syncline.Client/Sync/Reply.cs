using System.Diagnostics.CodeAnalysis;

namespace Syncline.Client.Sync;

/// <summary>What came of a request: an answer, or why there is none.</summary>
internal readonly record struct Reply<T>(T? Answer, Problem? Problem)
    where T : class
{
    [MemberNotNullWhen(true, nameof(Answer))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsAnswered => Problem is null;

    public static implicit operator Reply<T>(T answer) => new(answer, Problem: null);

    public static implicit operator Reply<T>(Problem problem) => new(Answer: null, problem);
}

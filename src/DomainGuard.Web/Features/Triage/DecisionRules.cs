using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What makes a decision complete, whatever case it is for: one table.</summary>
internal static class DecisionRules
{
    /// <summary>Longest comment, in UTF-16 units.</summary>
    public const int MostComment = 10_000;

    /// <summary>Days that an override is offered for.</summary>
    public const int OverrideDays = 90;

    /// <summary>Most days of an override or a snooze.</summary>
    public const int MostDays = 365;

    /// <summary>Most cases of one decision.</summary>
    public const int MostCases = 10_000;

    private static readonly (Func<DecisionWish, DateTimeOffset, bool> IsBroken, string Problem)[] Table =
    [
        ((w, _) => !Enum.IsDefined(w.Event) || !CaseTransitions.IsDecision(w.Event), "This is nothing that a person can decide."),
        ((w, _) => !Enum.IsDefined(w.Reason), "Choose a reason."),
        ((w, _) => w.Reason == ReasonCode.Undone, "The reason Undone is given by Undo alone. Choose another reason."),
        ((w, _) => w.Reason == ReasonCode.Other && string.IsNullOrWhiteSpace(w.Comment), "The reason Other needs a comment."),
        ((w, _) => KeptText.Problem(w.Comment, MostComment) is not null, ""),
        ((w, now) => w.Event == CaseEvent.Override && (w.Until is null || Days(w, now) is < 1 or > MostDays), "An override needs an end date, from tomorrow to 365 days from now."),
        ((w, now) => w is { Event: CaseEvent.Snooze, Until: not null } && (w.Until <= now || Days(w, now) > MostDays), "A snooze ends in the future, at most 365 days from now, or has no end date."),
        ((w, _) => w.Until is not null && w.Event is not (CaseEvent.Override or CaseEvent.Snooze), "Only an override and a snooze have an end date."),
    ];

    /// <summary>What is wrong with a wish, in words for the screen; null when nothing is.</summary>
    /// <param name="wish">The wish.</param>
    /// <param name="now">Guard time (UTC).</param>
    public static string? Problem(DecisionWish wish, DateTimeOffset now) =>
        Table.Where(r => r.IsBroken(wish, now)).Select(r => r.Problem is "" ? KeptText.Problem(wish.Comment, MostComment) : r.Problem).FirstOrDefault();

    /// <summary>Why a decision cannot be taken on a case as it is; null when it can.</summary>
    public static string? Forbids(Case @case, CaseEvent what)
    {
        if (CaseTransitions.Next(@case.State, what, @case.IsUnverified) is null)
        {
            var may = string.Join(", ", CaseTransitions.Decisions(@case.State, @case.IsUnverified));
            var words = $"Case {@case.Id} is {State(@case.State)}: {what} does not apply.";
            return what == CaseEvent.Restore && @case.IsUnverified
                ? words + " Its facts are not in order: the way back is Override, with an end date."
                : words + (may.Length == 0 ? "" : $" What applies: {may}.");
        }

        // Else the next scan would undo it (product section 7).
        return what == CaseEvent.Restore && !@case.Facts.IsInOrder
            ? @case.Phase == Phase.Unknown
                ? $"Case {@case.Id} cannot be restored: where its domain stands is not known now. Rescan it first."
                : $"Case {@case.Id} cannot be restored: its facts are not in order. Rescan it first: it becomes open again, and then the way back is Override, with an end date."
            : null;
    }

    private static string State(CaseState state) => state == CaseState.NeedsReview ? "in review" : state.ToString().ToLowerInvariant();

    private static int Days(DecisionWish wish, DateTimeOffset now) => (wish.Until!.Value.UtcDateTime.Date - now.UtcDateTime.Date).Days;
}

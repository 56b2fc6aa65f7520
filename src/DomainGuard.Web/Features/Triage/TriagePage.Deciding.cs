using DomainGuard.Core.Cases;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Triage;

// The form, and what becomes of it: decisions, conflicts, undo, remarks, assignments.
public sealed partial class TriagePage
{
    // A key may be faster than the reading: what is allowed is known only with all the cases.
    private async Task ReadScopeAsync()
    {
        if (!HasSelection && _scopeAll && _cursor is { Group: { CanExpand: true, Cases: null } unread })
        {
            await EnsureCasesAsync(unread);
            KeepScopeToEqualFacts();
            SetPlaces();
        }
    }

    private async Task OpenFormAsync(int index)
    {
        if (!_mayDecide)
        {
            Say(MayNotText);
            return;
        }

        await ReadScopeAsync();
        var place = _places[index];
        if (!place.IsAllowed || (!HasSelection && _cursor is null))
        {
            Say(place.Why is null ? "Nothing is selected." : $"{CaseWords.Act(place.Shown)}: {place.Why}.");
            return;
        }

        _assignOpen = false;
        CaseLook? look = null;
        IReadOnlyList<CaseRef> refs;
        Guid? frozen = null;
        var count = 0;
        if (_allMatching)
        {
            refs = [];
            if (await FreezeAsync(_filter) is not { } list)
            {
                return;
            }

            (frozen, count) = list;
        }
        else if (_selected.Count > 0)
        {
            refs = [.. _selected.Values.Select(r => r.Ref)];
            var first = _selected.Values.First();
            look = _groups?.FirstOrDefault(g => g.Group.Domain.Id == first.DomainId) is { } of ? CaseQueries.LookOf(first, of.Group.Domain) : null;
        }
        else
        {
            var at = _cursor!;
            look = CaseQueries.LookOf(CurrentRow, at.Group.Group.Domain);
            if (_scopeAll && at.Group.CanExpand && at.Group.Group.Count > at.Group.Cases!.Count)
            {
                refs = [];
                if (await FreezeAsync(_filter with { Domain = at.Group.Group.Domain.Name }) is not { } list)
                {
                    return;
                }

                (frozen, count) = list;
            }
            else
            {
                refs = _scopeAll && at.Group.CanExpand ? [.. at.Group.Cases!.Select(c => c.Ref)] : [CurrentRow.Ref];
            }
        }

        _form = new OpenForm(place, place.Events, refs, frozen, frozen is null ? refs.Count : count, look);
        (_focus, _follow) = ("comment", false);
    }

    private async Task<(Guid BulkId, int Count)?> FreezeAsync(CaseFilter filter)
    {
        var (me, now) = (_me, _now);
        var among = await Queries.AmongAsync(filter, me, Closing);
        var frozen = await Freeze.ExecuteAsync(await Staff.GetAsync(), db => CaseMatching.Matching(db, filter, me, now, among), Closing);
        if (frozen.Problem is { } problem)
        {
            Tell(problem, true);
            return null;
        }

        return (frozen.BulkId, frozen.Count);
    }

    private async Task SendAsync(DecisionWish wish)
    {
        if (_form is not { IsBusy: false } form)
        {
            return;
        }

        _form = form with { IsBusy = true, Problem = null };
        StateHasChanged();
        try
        {
            // A decision that was sent is carried out, whether or not the page is still there.
            var by = await Staff.GetAsync();
            var outcome = form.Frozen is { } bulk
                ? await DecideMany.ExecuteAsync(by, bulk, wish, acceptDifference: form.Conflict is not null, CancellationToken.None)
                : await Decide.ExecuteAsync(by, form.Refs, wish, CancellationToken.None);
            switch (outcome)
            {
                case DecideOutcome.Done done:
                    await DecidedAsync(form, wish, done);
                    break;
                case DecideOutcome.Conflict conflict:
                    await ConflictAsync(form, conflict.Cases);
                    break;
                case DecideOutcome.Refused refused:
                    _form = form with { IsBusy = false, Problem = refused.Problem };
                    break;
            }
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is { } words)
        {
            _form = form with { IsBusy = false, Problem = $"{words} Nothing was decided. Your text is kept." };
        }
    }

    private async Task DecidedAsync(OpenForm form, DecisionWish wish, DecideOutcome.Done done)
    {
        _form = null;
        var onCard = _cursor is { OnCard: true };
        _snack = new Snack($"{Words.Count(done.Count, "case")} {CaseWords.Participle(wish.Event)}.", done.BulkId, Time.GetUtcNow(), false) { OnCard = onCard };
        Queries.Forget();
        var decided = form.Refs.Select(r => r.Id).ToHashSet();
        ClearSelection();
        if (form.Frozen is not null)
        {
            _cursor = null;
            await ReloadAsync();
            return;
        }

        // The row moves on and the next case opens, but for a card: what is left of a group stays in its place.
        var rows = Visible().Where(r => !r.Group.IsGone).ToList();
        var at = _cursor is { } here ? rows.FindIndex(r => r.Group == here.Group && r.Row?.Id == here.Row?.Id) : -1;
        var now = (await Queries.RowsAsync(decided, Closing)).ToDictionary(r => r.Id);
        foreach (var group in _groups ?? [])
        {
            group.Remove(decided, now);
        }

        var next = rows.Skip(at + 1).Concat(rows.Take(Math.Max(at, 0)).Reverse()).FirstOrDefault(r => !r.Group.IsGone && (r.Row is null ? !decided.Contains(r.Group.Group.Head.Id) : !decided.Contains(r.Row.Id)));
        _groups?.RemoveAll(g => g.IsGone);
        if (onCard && _groups is { Count: > 0 })
        {
            _cursor = null;
        }
        else if (next.Group is not null)
        {
            _cursor = null;
            await SelectAsync(next.Group, next.Row);
        }
        else
        {
            _cursor = null;
            await ReloadAsync();
            Go(null, replace: true);
        }

        if (Problem is null)
        {
            await CountAsync(Closing);
        }
    }

    private async Task ConflictAsync(OpenForm form, IReadOnlyList<CaseConflict> conflicts)
    {
        // What is there now: "decide anyway" is for a person who has read it.
        var now = await Queries.RowsAsync([.. form.Refs.Select(r => r.Id)], Closing);
        foreach (var row in now)
        {
            foreach (var group in _groups ?? [])
            {
                group.Replace(row);
            }

            if (_selected.ContainsKey(row.Id))
            {
                _selected[row.Id] = row;
            }
        }

        var events = form.Place.Events.Where(e => now.All(r => CaseTransitions.Next(r.State, e, r.IsUnverified) is not null)).ToList();
        if (_cursor is { Row: { } current } at)
        {
            _cursor = at with { Row = now.FirstOrDefault(r => r.Id == current.Id) ?? current };
        }

        SetPlaces();
        _form = form with { IsBusy = false, Conflict = conflicts, Events = events, Refs = form.Frozen is null ? [.. now.Select(r => r.Ref)] : [] };
        Say($"Somebody was faster. Nothing was decided.");
        if (_cursor is not null)
        {
            await LoadDetailsAsync();
        }
    }

    private async Task UndoAsync(Guid bulkId)
    {
        var onCard = _snack is { OnCard: true } shown && shown.BulkId == bulkId;
        var outcome = await Undo.ExecuteAsync(await Staff.GetAsync(), bulkId, CancellationToken.None);
        Queries.Forget();
        switch (outcome)
        {
            case UndoOutcome.Done done:
                Tell($"{Words.Count(done.Count, "case is", "cases are")} as before.", false);
                _form = null;
                await ReloadAsync();
                if (!onCard && await Bulks.FirstCaseAsync(bulkId, Closing) is { } id)
                {
                    // Back to where it was taken: the domain where it went to several, else the case.
                    await ShowAsync(id);
                    if (done.Count > 1 && _cursor is { Row: not null, Group: { } group })
                    {
                        SetCursor(group, null);
                        await LoadDetailsAsync();
                    }

                    Go(CurrentRow.Id, replace: true);
                }

                break;
            case UndoOutcome.Refused refused:
                Tell(refused.Problem, true);
                break;
        }
    }

    private async Task<bool> RemarkAsync(string text)
    {
        switch (await Remark.ExecuteAsync(await Staff.GetAsync(), CurrentRow.Id, text, CancellationToken.None))
        {
            case CommentOutcome.Refused refused:
                Tell(refused.Problem, true);
                return false;
            default:
                await LoadDetailsAsync();
                return true;
        }
    }

    private async Task RemarkFromFormAsync(string text)
    {
        if (await RemarkAsync(text))
        {
            CloseForm();
        }
    }

    private void CloseForm()
    {
        _form = null;
        if (_cursor is { OnCard: true })
        {
            LeaveCard();
        }
        else if (_cursor is { } at)
        {
            (_focus, _follow) = (RowId(at.Group, at.Row), false);
        }
    }

    private async Task OpenAssign()
    {
        if (!_mayDecide || (!HasSelection && _cursor is null))
        {
            return;
        }

        if (_allMatching)
        {
            Tell("Assign goes by selection, at most one page at a time.", true);
            return;
        }

        _form = null;
        _analysts = await Queries.AnalystsAsync(Closing);
        _assignOpen = true;
        (_focus, _follow) = ("assign-me", false);
    }

    private async Task AssignAsync(Guid? assignee)
    {
        _assignOpen = false;
        if (!HasSelection && _scopeAll && _cursor is { } group)
        {
            await EnsureCasesAsync(group.Group);
        }

        IReadOnlyList<CaseRef> refs = _selected.Count > 0 ? [.. _selected.Values.Select(r => r.Ref)]
            : _scopeAll && _cursor!.Group.Cases is { } cases ? [.. cases.Select(c => c.Ref)] : [CurrentRow.Ref];
        switch (await AssignTo.ExecuteAsync(await Staff.GetAsync(), refs, assignee, CancellationToken.None))
        {
            case AssignOutcome.Done:
                Tell($"{Words.Count(refs.Count, "case")} {(assignee is null ? "left to nobody" : $"assigned to {NameOf(assignee)}")}.", false);
                break;
            case AssignOutcome.Conflict:
                Tell("Somebody changed these cases meanwhile. They are shown as they are now.", true);
                break;
            case AssignOutcome.Refused refused:
                Tell(refused.Problem, true);
                break;
        }

        await RefreshRowsAsync([.. refs.Select(r => r.Id)], null);
        if (_cursor is { OnCard: true })
        {
            LeaveCard();
        }
        else if (_cursor is { } at)
        {
            (_focus, _follow) = (RowId(at.Group, at.Row), false);
            await LoadDetailsAsync();
        }
    }
}

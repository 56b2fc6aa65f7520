using DomainGuard.Core.Cases;
using DomainGuard.Web.Shared;
using Microsoft.JSInterop;

namespace DomainGuard.Web.Features.Triage;

// What each key does here.
public sealed partial class TriagePage
{
    private Task OnKeyAsync(string action) => InvokeAsync(async () =>
    {
        await (action switch
        {
            "next" => MoveAsync(1),
            "previous" => MoveAsync(-1),
            "open" => OpenAsync(),
            "expand" => _cursor is null ? Task.CompletedTask : ExpandAsync(_cursor.Group),
            "select" => _cursor is { } at && _mayDecide ? at.Row is null ? ToggleAsync(at.Group) : Run(() => Toggle(at.Row)) : Task.CompletedTask,
            "range" => _mayDecide ? SelectRangeAsync() : Task.CompletedTask,
            "confirm" => PlaceAsync(0, CaseEvent.Confirm),
            "unverify" => PlaceAsync(0, CaseEvent.Unverify),
            "override" => PlaceAsync(1, null),
            "dismiss" => PlaceAsync(2, null),
            "snooze" => PlaceAsync(3, null),
            "restore" => PlaceAsync(4, null),
            "send" => _formBox is not null && _form is not null ? _formBox.SendAsync() : Task.CompletedTask,
            "undo" => UndoLastAsync(),
            "assign" => _assignOpen ? AssignAsync(_me) : OpenAssign(),
            "comment" => Run(() => (_focus, _follow) = (_cursor is null ? null : "remark", false)),
            "filter" => Run(ToggleFilters),
            "evidence" => Run(NextEvidence),
            "escape" => EscapeAsync(),
            _ => Task.CompletedTask,
        });
        StateHasChanged();
    });

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private async Task PlaceAsync(int place, CaseEvent? only)
    {
        await ReadScopeAsync();
        if (_mayDecide && only is { } what && !_places[place].Events.Contains(what))
        {
            Say($"{CaseWords.Act(what)}: {(_places[place].Shown == what ? _places[place].Why : "not in this state")}.");
            return;
        }

        await OpenFormAsync(place);
    }

    private async Task OpenAsync()
    {
        if (_cursor is null)
        {
            await MoveAsync(1);
        }

        (_focus, _follow) = ("panel", false);
    }

    private async Task EscapeAsync()
    {
        if (_viewsOpen)
        {
            CloseViews();
        }
        else if (_cursor is { OnCard: true })
        {
            LeaveCard();
        }
        else if (_form is not null || _assignOpen)
        {
            _assignOpen = false;
            CloseForm();
        }
        else if (_cursor is not null)
        {
            await CloseAsync();
        }
        else
        {
            ClearSelection();
        }
    }

    private async Task UndoLastAsync()
    {
        if (_snack?.BulkId is { } shown)
        {
            await UndoAsync(shown);
        }
        else if (_mayDecide && await Bulks.LastUndoableAsync(_me, Closing) is { } last)
        {
            await UndoAsync(last);
        }
        else
        {
            Tell("There is no decision of yours from the last 10 minutes.", true);
        }
    }

    private void NextEvidence()
    {
        var count = _view?.Domain.Latest.Count() ?? 0;
        _evidence = count == 0 ? null : _evidence is { } shown ? shown + 1 < count ? shown + 1 : null : 0;
    }

    private void ToggleFilters()
    {
        _filtersOpen = !_filtersOpen;
        if (_filtersOpen)
        {
            (_focus, _follow) = ("state", false);
        }
    }

    private void HideBulk(Guid id)
    {
        _hiddenBulks.Add(id);
        _bulks = [.. _bulks.Where(b => b.Id != id)];
    }

    private async Task CopyLinkAsync()
    {
        // A view of one's own says nothing to others: what it stands for does.
        await Js.InvokeVoidAsync("domainGuard.copy", _own is null ? Navigation.Uri : SpeltOut());
        _copied = true;
        await Task.Delay(TimeSpan.FromSeconds(2), Closing).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
        _copied = false;
    }

    private string UndoLeft(DateTimeOffset at)
    {
        var left = CaseDetails.UndoTime - (Time.GetUtcNow() - at);
        return left > TimeSpan.Zero ? $"{(int)left.TotalMinutes}:{left.Seconds:00}" : "";
    }

    private void Tell(string text, bool isProblem) => _snack = new Snack(text, null, Time.GetUtcNow(), isProblem);

    private void Say(string text) => (_said, _snack) = (text, new Snack(text, null, Time.GetUtcNow(), true));
}

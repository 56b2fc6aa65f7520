using System.Globalization;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Components;

namespace DomainGuard.Web.Features.Triage;

// Where the keyboard stands: moving through the rows, opening and closing the panel, following the URL.
public sealed partial class TriagePage
{
    private IEnumerable<(QueueGroup Group, CaseRow? Row)> Visible()
    {
        foreach (var group in _groups ?? [])
        {
            yield return (group, null);
            if (group is { IsExpanded: true, Cases: { } cases })
            {
                foreach (var row in cases)
                {
                    yield return (group, row);
                }
            }
        }
    }

    private async Task MoveAsync(int step)
    {
        var rows = Visible().Where(r => !r.Group.IsGone).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        var at = _cursor is null ? step > 0 ? -1 : rows.Count : rows.FindIndex(r => r.Group == _cursor.Group && r.Row?.Id == _cursor.Row?.Id);
        var next = Math.Clamp(at + step, 0, rows.Count - 1);
        await SelectAsync(rows[next].Group, rows[next].Row);
    }

    private async Task SelectAsync(QueueGroup group, CaseRow? row)
    {
        if (_cursor is { OnCard: false } here && here.Group == group && here.Row?.Id == row?.Id)
        {
            return;
        }

        // Moving on replaces the entry in the history, opening adds one.
        var opens = _cursor is null && CaseText is null;
        SetCursor(group, row);
        Go(CurrentRow.Id, !opens);
        _ = LoadDetailsSoonAsync();
        await Task.CompletedTask;
    }

    private void Go(long? id, bool replace)
    {
        var target = Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["case"] = id, ["scope"] = null });
        if (target != Navigation.Uri)
        {
            _asked.Enqueue(id?.ToString(CultureInfo.InvariantCulture) ?? "");
            Navigation.NavigateTo(target, new NavigationOptions { ReplaceHistoryEntry = replace });
        }
    }

    private void SetCursor(QueueGroup group, CaseRow? row)
    {
        _cursor = new Cursor(group, row);
        (_form, _assignOpen, _evidence, _detailProblem) = (null, false, null, null);
        if (_view?.Row.Id != CurrentRow.Id)
        {
            _view = null;
        }

        (_scopeAll, _moreOpen) = (row is null, false);
        (_focus, _follow) = (RowId(group, row), true);
        SetPlaces();
    }

    // The address of the page leads: a link, or back and forward.
    private async Task FollowUrlAsync()
    {
        // What this page asked for itself comes back a moment later, when the keyboard may already be further on.
        if (_asked.Contains(CaseText ?? ""))
        {
            while (_asked.Dequeue() != (CaseText ?? ""))
            {
            }

            return;
        }

        _asked.Clear();
        if (!long.TryParse(CaseText, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            if (CaseText is { Length: > 0 } && !_unknown.Contains($"case={CaseText}"))
            {
                _unknown.Add($"case={CaseText}");
            }

            if (_cursor is { OnCard: false })
            {
                _cursor = null;
                _form = null;
            }

            return;
        }

        if (_cursor is null || CurrentRow.Id != id)
        {
            await ShowAsync(id);
        }
    }

    private async Task ShowAsync(long id)
    {
        var row = Visible().FirstOrDefault(r => (r.Row ?? r.Group.Group.Head).Id == id);
        if (row.Group is null && await Queries.FindAsync(id, Closing) is { } found)
        {
            // It is not on this page of the list: shown beside it all the same.
            var group = _groups?.FirstOrDefault(g => g.Group.Domain.Id == found.Domain.Id);
            row = group is { CanExpand: true } ? (group, found.Head) : (new QueueGroup(found), null);
        }

        if (row.Group is null)
        {
            _cursor = null;
            _unknown.Add($"case={id.ToString(CultureInfo.InvariantCulture)}");
            return;
        }

        SetCursor(row.Group, row.Row);
        _scopeAll = row.Row is null && UrlState.Word(Scope, "scope", _unknown, "all", "one") != "one";
        SetPlaces();
        await LoadDetailsAsync();
    }

    private async Task LoadDetailsSoonAsync()
    {
        // Holding j asks nothing of the database until it stops.
        var mine = NewDetailToken();
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(120), mine);
            await LoadDetailsAsync(mine);
            await InvokeAsync(StateHasChanged);
        }
        catch (OperationCanceledException)
        {
            // The next row was chosen, or the page was left.
        }
    }

    private Task LoadDetailsAsync() => LoadDetailsAsync(NewDetailToken());

    private CancellationToken NewDetailToken()
    {
        _detail?.Cancel();
        _detail?.Dispose();
        _detail = CancellationTokenSource.CreateLinkedTokenSource(Closing);
        return _detail.Token;
    }

    private async Task LoadDetailsAsync(CancellationToken cancel)
    {
        if (_cursor is not { } at)
        {
            return;
        }

        try
        {
            if (at.Group.CanExpand && at.Group.Cases is null)
            {
                at.Group.Cases = [.. await Queries.OfDomainAsync(_filter, _me, at.Group.Group.Domain.Id, cancel)];
            }

            _now = Clock.Now;
            var view = await Details.FindAsync(CurrentRow.Id, cancel);
            cancel.ThrowIfCancellationRequested();
            _view = view;
            _detailProblem = view is null ? "This case is not there any more." : null;
            if (view is not null)
            {
                at.Group.Replace(view.Row);
                _cursor = at with { Row = at.Row is null ? null : view.Row };
                KeepScopeToEqualFacts();
            }

            SetPlaces();
        }
        catch (OperationCanceledException)
        {
            // The next row was chosen.
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is { } words)
        {
            _detailProblem = words;
        }
    }

    private async Task CloseAsync()
    {
        if (_cursor is not { } at)
        {
            return;
        }

        (_focus, _follow) = (RowId(at.Group, at.Row), false);
        _cursor = null;
        _form = null;
        _assignOpen = false;
        Go(null, replace: false);
        await Task.CompletedTask;
    }

    private async Task ExpandAsync(QueueGroup group)
    {
        if (!group.CanExpand)
        {
            return;
        }

        group.IsExpanded = !group.IsExpanded;
        if (!group.IsExpanded && _cursor is { Row: not null } at && at.Group == group)
        {
            await SelectAsync(group, null);
        }

        if (group is { IsExpanded: true, Cases: null })
        {
            StateHasChanged();
            await EnsureCasesAsync(group);
        }
    }

    private async Task EnsureCasesAsync(QueueGroup group)
    {
        if (group.CanExpand && group.Cases is null)
        {
            group.Cases = [.. await Queries.OfDomainAsync(_filter, _me, group.Group.Domain.Id, Closing)];
        }
    }
}

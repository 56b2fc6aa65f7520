using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Triage;

// What others do: their decisions mark rows and move none.
public sealed partial class TriagePage
{
    private void OnChanged(CasesChanged change)
    {
        if (change.By != _me)
        {
            _ = InvokeAsync(() => RefreshRowsAsync(change.CaseIds, change.By));
        }
    }

    /// <summary>Shows what became of rows that are on the screen. Rows that no longer match stay, greyed, until the list is asked for again.</summary>
    private async Task RefreshRowsAsync(IReadOnlyList<long> ids, Guid? by)
    {
        try
        {
            var shown = Visible().SelectMany(r => r.Row is null ? r.Group.Rows : [r.Row]).Select(r => r.Id).ToHashSet();
            var here = ids.Where(shown.Contains).ToList();
            Queries.Forget();
            foreach (var row in here.Count == 0 ? [] : await Queries.RowsAsync(here, Closing))
            {
                foreach (var group in _groups!)
                {
                    if (group.Replace(row) && by != _me && by is not null)
                    {
                        group.ChangedBy = $"{CaseWords.Of(row.State).Text} by {NameOf(by)}";
                    }
                }

                if (_selected.ContainsKey(row.Id))
                {
                    _selected[row.Id] = row;
                }

                if (_cursor?.Row?.Id == row.Id)
                {
                    _cursor = _cursor with { Row = row };
                }
            }

            // The case that is open is read again, unless a form is: that one will hear of it when it is sent.
            if (_cursor is not null && here.Contains(CurrentRow.Id) && _form is null)
            {
                await LoadDetailsAsync();
            }

            SetPlaces();
            StateHasChanged();
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException || DomainGuard.Data.GuardDatabase.Explain(e) is not null)
        {
            // Left, or the database rests: the next look comes in ten seconds.
        }
    }

    // Counts, and what was decided on other nodes.
    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_snack is null ? FollowTime : TimeSpan.FromSeconds(1), Closing);
                await InvokeAsync(async () =>
                {
                    if (_snack is { } snack)
                    {
                        _snack = Time.GetUtcNow() - snack.At > SnackTime ? null : snack;
                    }
                    else if (_groups is not null && Problem is null)
                    {
                        await LookAgainAsync();
                    }

                    StateHasChanged();
                });
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task LookAgainAsync()
    {
        try
        {
            _now = Clock.Now;
            var before = _matching?.Cases ?? 0;
            var shown = _groups!.Where(g => !g.IsGone).Select(g => g.Group.Head.Id).ToList();
            await RefreshRowsAsync(shown, null);
            await CountAsync(Closing);
            if (After is null && Before is null && _matching is { } n && n.Cases > before)
            {
                _newer += n.Cases - before;
            }
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is not null)
        {
            // What is shown stays; the next look comes in ten seconds.
        }
    }

    private async Task ReloadFromTopAsync()
    {
        _newer = 0;
        await ReloadAsync();
    }
}

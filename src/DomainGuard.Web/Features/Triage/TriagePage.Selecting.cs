using Microsoft.AspNetCore.Components;

namespace DomainGuard.Web.Features.Triage;

// What a decision is to go for: rows, domains, or everything that matches.
public sealed partial class TriagePage
{
    private bool IsSelected(QueueGroup group) => _allMatching || (group.CanExpand ? group.Cases is { Count: > 0 } cases && cases.All(c => _selected.ContainsKey(c.Id)) : _selected.ContainsKey(group.Group.Head.Id));

    private async Task ToggleAsync(QueueGroup group)
    {
        await EnsureCasesAsync(group);
        var on = !IsSelected(group);
        LeaveAllMatching();
        foreach (var row in group.Rows)
        {
            Put(row, on);
        }

        _anchor = (group, null);
        SetPlaces();
    }

    private void Toggle(CaseRow row)
    {
        LeaveAllMatching();
        Put(row, !_selected.ContainsKey(row.Id));
        SetPlaces();
    }

    private async Task TogglePageAsync()
    {
        var on = !IsPageSelected;
        LeaveAllMatching();
        foreach (var group in _groups ?? [])
        {
            await EnsureCasesAsync(group);
            foreach (var row in group.Rows.Where(_ => !group.IsGone))
            {
                Put(row, on);
            }
        }

        SetPlaces();
    }

    private async Task SelectRangeAsync()
    {
        var rows = Visible().Where(r => !r.Group.IsGone).ToList();
        if (_cursor is not { } at || rows.Count == 0)
        {
            return;
        }

        var to = rows.FindIndex(r => r.Group == at.Group && r.Row?.Id == at.Row?.Id);
        var from = _anchor is { } anchor ? rows.FindIndex(r => r.Group == anchor.Group && r.Row?.Id == anchor.Row?.Id) : to;
        LeaveAllMatching();
        foreach (var (group, row) in rows.GetRange(Math.Max(0, Math.Min(from, to)), Math.Abs(to - Math.Max(from, 0)) + 1))
        {
            await EnsureCasesAsync(group);
            foreach (var one in row is null ? group.Rows : [row])
            {
                Put(one, true);
            }
        }

        SetPlaces();
    }

    private void Put(CaseRow row, bool on)
    {
        if (!on)
        {
            _selected.Remove(row.Id);
        }
        else if (_selected.Count < CaseQueries.MostCounted)
        {
            _selected[row.Id] = row;
        }
    }

    private async Task SelectAllAsync()
    {
        _allSet = await Queries.SetAsync(_filter, _me, Closing);
        _allMatching = _allSet.Count > 0;
        _form = null;
        SetPlaces();
    }

    private void LeaveAllMatching() => (_allMatching, _allSet, _form) = (false, null, null);

    private void ClearSelection()
    {
        _selected.Clear();
        LeaveAllMatching();
        _anchor = null;
        _assignOpen = false;
        SetPlaces();
    }

    private void SetScope(bool all)
    {
        _scopeAll = all;
        _form = null;
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("scope", all ? "all" : "one"), new NavigationOptions { ReplaceHistoryEntry = true });
        SetPlaces();
    }

    // One decision for all of a domain is the default only where the facts are the same.
    private void KeepScopeToEqualFacts()
    {
        if (_scopeAll && Scope is null && _cursor is { Group: { Cases.Count: > 0, IsAlike: false } })
        {
            _scopeAll = false;
        }
    }

    private void SetPlaces()
    {
        if (_allMatching)
        {
            _places = DecisionPlaces.For(_allSet!.States);
        }
        else if (_selected.Count > 0)
        {
            _places = DecisionPlaces.For([.. _selected.Values.Select(r => (r.State, r.IsUnverified)).Distinct()]);
        }
        else if (_cursor is { } at)
        {
            _places = DecisionPlaces.For(_scopeAll && at.Group.Cases is { Count: > 0 } cases ? [.. cases.Select(c => (c.State, c.IsUnverified)).Distinct()] : [(CurrentRow.State, CurrentRow.IsUnverified)]);
        }
        else
        {
            _places = DecisionPlaces.For([]);
        }
    }
}

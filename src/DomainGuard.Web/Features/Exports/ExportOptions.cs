using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Exports;

/// <summary>Section <c>DomainGuard:Exports</c>.</summary>
internal sealed class ExportOptions
{
    internal const string Section = "DomainGuard:Exports";

    /// <summary>Folder of the files; empty: "exports" in the data directory. Several nodes share one.</summary>
    public string? Folder { get; set; }

    /// <summary>How many days a file is kept; what was exported, by whom and when is kept for ever.</summary>
    public int KeepDays { get; set; } = 30;
}

/// <summary>Says what is wrong with <see cref="ExportOptions"/>.</summary>
internal sealed class ExportOptionsValidator : IValidateOptions<ExportOptions>
{
    public ValidateOptionsResult Validate(string? name, ExportOptions options) =>
        options.KeepDays is >= 1 and <= 3_650 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail($"DomainGuard:Exports:KeepDays is {options.KeepDays}. Give 1 to 3650 days.");
}

using DomainGuard.Core.Domains;
using DomainGuard.Data.Domains;

namespace DomainGuard.Web.Features.Scans;

/// <summary>One answer between look-up and settlement.</summary>
/// <param name="Observation">What is judged; its raw answer is not kept here.</param>
/// <param name="Row">What will be stored of it, but for its key.</param>
internal sealed record StagedAnswer(Observation Observation, StoredObservation Row);

/// <summary>
/// The bytes of <see cref="Data.Scans.ScanItem.Staged"/>: a version, a count, and per answer its parts in a fixed order. Written by the look-up's own task, so that
/// compressing and hashing happen side by side and the writer only copies bytes.
/// </summary>
internal static class StagedAnswers
{
    private const byte Format = 1;

    /// <summary>Packs what was asked; answers of nobody (lane rested, budget spent) say nothing about the domain and are left out.</summary>
    public static byte[] Pack(IReadOnlyList<Observation> observations)
    {
        using var bytes = new MemoryStream(1_024);
        using var writer = new BinaryWriter(bytes);
        writer.Write(Format);
        writer.Write(observations.Count(WasAsked));
        foreach (var row in observations.Where(WasAsked).Select(o => ObservationCodec.Encode(0, o)))
        {
            writer.Write((byte)row.Source);
            writer.Write(row.Host);
            writer.Write((byte)row.Outcome);
            writer.Write((byte)row.Failure);
            Write(writer, row.Error);
            writer.Write((short)(row.HttpStatus ?? -1));
            writer.Write(row.FirstAt.UtcTicks);
            writer.Write(row.DurationMs);
            Write(writer, row.Facts);
            Write(writer, row.FactsHash);
            Write(writer, row.RawHash);
            Write(writer, row.Raw);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Unpacks. Throws <see cref="InvalidDataException"/> for bytes of another version of the program.</summary>
    public static IReadOnlyList<StagedAnswer> Unpack(long domainId, byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        if (reader.ReadByte() != Format)
        {
            throw new InvalidDataException("Staged answers of another version: cancel the scan and start it again.");
        }

        var answers = new StagedAnswer[reader.ReadInt32()];
        for (var i = 0; i < answers.Length; i++)
        {
            var row = new StoredObservation
            {
                DomainId = domainId,
                Source = (SourceKind)reader.ReadByte(),
                Host = reader.ReadString(),
                Outcome = (Outcome)reader.ReadByte(),
                Failure = (FailureKind)reader.ReadByte(),
                Error = ReadText(reader),
                HttpStatus = reader.ReadInt16() is >= 0 and var status ? status : null,
                FirstAt = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero),
                DurationMs = reader.ReadInt32(),
                Facts = ReadText(reader),
                FactsHash = ReadBytes(reader) ?? [],
                RawHash = ReadBytes(reader),
                Raw = ReadBytes(reader),
                Times = 1,
            };
            row.LastAt = row.FirstAt;
            answers[i] = new StagedAnswer(ObservationCodec.Decode(row), row);
        }

        return answers;
    }

    /// <summary>True when somebody was really asked.</summary>
    public static bool WasAsked(Observation o) =>
        o.Outcome != Outcome.NotServed && o.Failure is not (FailureKind.LaneRested or FailureKind.BudgetSpent);

    private static void Write(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
        {
            writer.Write(text);
        }
    }

    private static void Write(BinaryWriter writer, byte[]? bytes)
    {
        writer.Write(bytes?.Length ?? -1);
        if (bytes is not null)
        {
            writer.Write(bytes);
        }
    }

    private static string? ReadText(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static byte[]? ReadBytes(BinaryReader reader) => reader.ReadInt32() is >= 0 and var length ? reader.ReadBytes(length) : null;
}

using Syncline.Core.Binary;

namespace Syncline.Core.Lists;

/// <summary>Reads the stamps of a snapshot one after the other: the difference of the clock to that of the one before, and an actor's index.</summary>
/// <param name="clock">The one before.</param>
/// <param name="names">How many names there are.</param>
internal struct StampReader(long clock, int names)
{
    /// <summary>The clock of the stamp that was read last.</summary>
    public long Clock { get; private set; } = clock;

    public Indexed Read(ref ByteReader reader)
    {
        Clock += reader.ReadSigned();
        return Clock > 0 ? new Indexed(Clock, reader.ReadBelow(names)) : throw new InvalidDataException("A clock is not above 0.");
    }

    /// <summary>A stamp whose actor is an index into the snapshot's names.</summary>
    internal readonly record struct Indexed(long Clock, int Actor)
    {
        public Register ToRegister(string[] names) => new(Clock, names[Actor]);
    }
}

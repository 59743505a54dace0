using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Dunlin.Training.Data;

/// <summary>
/// One loaded libespeak-ng (speak_lib.h, revision 12), for one utterance. Its state is all global and can't be reset: the phases of its oscillators, the flutter of its pitch
/// and the voice's settings run on from one text into the next. So it is loaded afresh for each text (2 ms), which makes an utterance a function of its text and voice alone.
/// Functions are therefore looked up by hand: those of <c>LibraryImport</c> are bound once for the life of a process.
/// </summary>
internal sealed unsafe partial class EspeakLibrary : IDisposable
{
    private const string FileName = "libespeak-ng.so.1";
    private const int Synchronous = 2, PhonemeEvents = 1, DoNotExit = 0x8000, Utf8 = 1, EndPause = 0x1000, ByCharacter = 1;
    private const int RateParameter = 1, PitchParameter = 3;
    private const int EndOfList = 0, PhonemeEvent = 7;

    /// <summary>What the call that runs now has heard: the library hands out no pointer of the caller's with its samples.</summary>
    private static Recording? _recording;

    private readonly nint _handle;
    private readonly int _sampleRate;

    private EspeakLibrary(nint handle)
    {
        _handle = handle;
        // Without this option, the library ends the process where its data is missing.
        _sampleRate = ((delegate* unmanaged<int, int, byte*, int, int>)Function("espeak_Initialize"))(Synchronous, 0, null, PhonemeEvents | DoNotExit);
        if (_sampleRate <= 0)
        {
            NativeLibrary.Free(_handle);
            throw new DunlinException("libespeak-ng finds no data of its voices. Install them by `apt-get install espeak-ng-data`.");
        }
        ((delegate* unmanaged<delegate* unmanaged<short*, int, Event*, int>, void>)Function("espeak_SetSynthCallback"))(&Receive);
    }

    /// <summary>Whether there is such a library.</summary>
    public static bool IsInstalled()
    {
        if (!NativeLibrary.TryLoad(FileName, out var handle)) return false;
        NativeLibrary.Free(handle);
        return true;
    }

    /// <summary>Loads the library in its first state.</summary>
    /// <exception cref="DunlinException">It is not installed, or something else in this process uses it.</exception>
    public static EspeakLibrary Load()
    {
        if (IsLoaded()) throw new DunlinException($"{FileName} is in use by another part of this process. What Dunlin has spoken would depend on what was spoken before: speak in a process of its own.");
        return NativeLibrary.TryLoad(FileName, out var handle) ? new(handle) : throw new DunlinException(
            $"The speech synthesiser {FileName} is not installed. Install it by `apt-get install espeak-ng`.");
    }

    /// <summary>Speaks a text.</summary>
    /// <exception cref="DunlinException">There is no such voice, or the library fails.</exception>
    public Speech Speak(string text, SpeechVoice voice)
    {
        var name = Encoding.UTF8.GetBytes(voice.Name + '\0');
        var words = Encoding.UTF8.GetBytes(text + '\0');
        // The breath of consonants is the C library's random numbers.
        SeedRandom(1);
        _recording = new();
        fixed (byte* n = name, w = words)
        {
            Check(((delegate* unmanaged<byte*, int>)Function("espeak_SetVoiceByName"))(n), $"the voice \"{voice.Name}\" can't be set; `espeak-ng --voices=en` lists voices, `espeak-ng --voices=variant` what may follow a +");
            var set = (delegate* unmanaged<int, int, int, int>)Function("espeak_SetParameter");
            Check(set(RateParameter, voice.WordsPerMinute, 0), "the speed can't be set");
            Check(set(PitchParameter, voice.Pitch, 0), "the pitch can't be set");
            var synthesise = (delegate* unmanaged<byte*, nuint, uint, int, uint, uint, uint*, void*, int>)Function("espeak_Synth");
            Check(synthesise(w, (nuint)words.Length, 0, ByCharacter, 0, Utf8 | EndPause, null, null), $"\"{text}\" can't be spoken");
        }
        var phonemes = _recording.Phonemes.Select(p => new SpokenPhoneme(p.Name, (int)((long)p.Milliseconds * _sampleRate / 1000)));
        return new(_sampleRate, [.. _recording.Samples], [.. phonemes]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Ends the library's own thread, whose code goes away with the library.
        _ = ((delegate* unmanaged<int>)Function("espeak_Terminate"))();
        NativeLibrary.Free(_handle);
        _recording = null;
    }

    /// <summary>Only the first load gives the first state. Where the system does not list what is loaded, nobody else is taken to have loaded it.</summary>
    private static bool IsLoaded() => OperatingSystem.IsLinux() && File.ReadLines("/proc/self/maps").Any(line => line.Contains("libespeak-ng.so", StringComparison.Ordinal));

    private static void Check(int error, string what)
    {
        if (error != 0) throw new DunlinException($"espeak-ng: {what} (error {error}).");
    }

    private void* Function(string name) => (void*)NativeLibrary.GetExport(_handle, name);

    [UnmanagedCallersOnly]
    private static int Receive(short* samples, int count, Event* events)
    {
        if (_recording is not { } recording) return 1;
        if (samples != null) recording.Samples.AddRange(new ReadOnlySpan<short>(samples, count));
        for (; events->Type != EndOfList; events++)
            if (events->Type == PhonemeEvent)
            {
                // The name ends with a zero, unless it needs all eight bytes.
                ReadOnlySpan<byte> text = events->Name;
                var length = text.IndexOf((byte)0);
                recording.Phonemes.Add((Encoding.UTF8.GetString(length < 0 ? text : text[..length]), events->Milliseconds));
            }
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "srand")]
    private static partial void SeedRandom(uint seed);

    private sealed class Recording
    {
        public List<short> Samples { get; } = [];

        public List<(string Name, int Milliseconds)> Phonemes { get; } = [];
    }

    /// <summary>espeak_EVENT; the last field is a union, of which phonemes use the text.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Event
    {
        public int Type;
        public uint Message;
        public int TextPosition;
        public int Length;

        /// <summary>Since the beginning of the utterance.</summary>
        public int Milliseconds;

        public int Sample;
        public nint UserData;
        public EightBytes Name;
    }

    [InlineArray(8)]
    private struct EightBytes
    {
        private byte _first;
    }
}

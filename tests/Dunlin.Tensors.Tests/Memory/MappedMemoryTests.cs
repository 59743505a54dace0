using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Tests.Memory;

public sealed class MappedMemoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-mapped").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_mapped_tensor_is_as_others_are_and_leaves_no_file()
    {
        var tensor = Tensor.Mapped(DType.Float32, [3, 5000], _directory);
        Assert.Equal(0, tensor.Address % 64);
        Assert.False(tensor.RawBytes.ContainsAnyExcept((byte)0));
        for (var i = 0; i < 15_000; i++) tensor.Span<float>()[i] = i;
        Assert.Equal(14_999, tensor.Clone().Span<float>()[^1]);
        if (!OperatingSystem.IsWindows()) Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
        GC.KeepAlive(tensor);
    }

    [Fact]
    public void A_part_keeps_the_memory_that_it_is_of()
    {
        if (!OperatingSystem.IsLinux()) return;
        KeepPart();
        Collect();
        Assert.Equal(0, Mappings());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void KeepPart()
    {
        var part = MakePart();
        Collect();
        Assert.Equal(1, Mappings());
        Assert.Equal([3000f, 3001f], part.Reshape([2]).ToArray<float>());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Tensor MakePart()
    {
        var whole = Tensor.Mapped(DType.Float32, [2000, 2], _directory);
        for (var i = 0; i < 4000; i++) whole.Span<float>()[i] = i;
        return whole.Part(2000, [1000, 2]).Part(1000, [1, 2]);
    }

    [Fact]
    public void A_directory_that_is_not_there_or_has_no_room_is_refused()
    {
        var missing = Path.Combine(_directory, "missing");
        Assert.Equal($"A file of 4,096 bytes, to be mapped into memory, can't be made in {missing}: there is no such directory. Name a directory on a disk with more room that this process may write to.",
            Assert.Throws<DunlinException>(() => NativeBuffer.Map(missing, 4096)).Message);
        Assert.Matches($"^A file of 1,152,921,504,606,846,976 bytes, to be mapped into memory, can't be made in {_directory}: it has room for [0-9,]+\\. Name a directory on a disk with more room",
            Assert.Throws<DunlinException>(() => NativeBuffer.Map(_directory, 1L << 60)).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
        Assert.Throws<InvalidValueException>(() => NativeBuffer.Map(_directory, 0));
    }

    private int Mappings() => File.ReadLines("/proc/self/maps").Count(l => l.Contains(_directory, StringComparison.Ordinal));

    private static void Collect()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}

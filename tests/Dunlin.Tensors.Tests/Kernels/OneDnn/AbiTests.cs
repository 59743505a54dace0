using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dunlin.Tensors.Kernels.OneDnn;
using Dunlin.Tensors.Kernels.OneDnn.Abi26;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

/// <summary>Sizes and offsets as a C compiler gives them for the headers of version 2.6.3 on x86-64; what version 3.7.2 still has is as large there.</summary>
public class AbiTests
{
    [Fact]
    public void Structures_are_as_large_as_in_C()
    {
        Assert.Equal(696, Unsafe.SizeOf<MemoryDescData>());
        Assert.Equal(296, Unsafe.SizeOf<BlockingDesc>());
        Assert.Equal(80, Unsafe.SizeOf<ExtraDesc>());
        Assert.Equal(5976, Unsafe.SizeOf<ConvolutionDesc>());
        Assert.Equal(3192, Unsafe.SizeOf<PoolingDesc>());
        Assert.Equal(2800, Unsafe.SizeOf<MatMulDesc>());
        Assert.Equal(2800, Unsafe.SizeOf<SoftmaxDesc>());
        Assert.Equal(1432, Unsafe.SizeOf<LrnDesc>());
        Assert.Equal(3496, Unsafe.SizeOf<NormalizationDesc>());
        Assert.Equal(16, Unsafe.SizeOf<ExecArg>());
        Assert.Equal(32, Unsafe.SizeOf<VersionInfo>());
    }

    [Fact]
    public void Members_lie_where_they_do_in_C()
    {
        var desc = new MemoryDescData();
        Assert.Equal(8, Offset(ref desc, ref Unsafe.As<Dims, byte>(ref desc.Lengths)));
        Assert.Equal(104, Offset(ref desc, ref Unsafe.As<DataType, byte>(ref desc.Type)));
        Assert.Equal(112, Offset(ref desc, ref Unsafe.As<Dims, byte>(ref desc.PaddedLengths)));
        Assert.Equal(208, Offset(ref desc, ref Unsafe.As<Dims, byte>(ref desc.PaddedOffsets)));
        Assert.Equal(304, Offset(ref desc, ref Unsafe.As<long, byte>(ref desc.Offset)));
        Assert.Equal(312, Offset(ref desc, ref Unsafe.As<FormatKind, byte>(ref desc.Kind)));
        Assert.Equal(320, Offset(ref desc, ref Unsafe.As<BlockingDesc, byte>(ref desc.Blocking)));
        Assert.Equal(616, Offset(ref desc, ref Unsafe.As<ExtraDesc, byte>(ref desc.Extra)));
        Assert.Equal(96, Offset(ref desc.Blocking, ref Unsafe.As<int, byte>(ref desc.Blocking.InnerCount)));
        Assert.Equal(104, Offset(ref desc.Blocking, ref Unsafe.As<Dims, byte>(ref desc.Blocking.InnerBlocks)));
        Assert.Equal(200, Offset(ref desc.Blocking, ref Unsafe.As<Dims, byte>(ref desc.Blocking.InnerIndices)));
        Assert.Equal(5584, (int)Marshal.OffsetOf<ConvolutionDesc>(nameof(ConvolutionDesc.Strides)));
        Assert.Equal(16, (int)Marshal.OffsetOf<VersionInfo>(nameof(VersionInfo.Hash)));
    }

    private static long Offset<T>(ref T from, ref byte member) where T : struct => Unsafe.ByteOffset(ref Unsafe.As<T, byte>(ref from), ref member);
}

"""Telling the processor which memory a kernel will read soon; nothing where numba cannot compile."""

# ruff: noqa: ANN401 - numba and llvmlite pass objects without types
# mypy: disable-error-code="no-untyped-call"

from typing import Any

from guanxi.compiled import compiler


def _nothing(array: Any, index: Any) -> None:
    """Do nothing: plain Python has no use for it."""


def _intrinsic() -> Any:
    from llvmlite import ir  # type: ignore[import-untyped]  # noqa: PLC0415 - only where numba compiles
    from numba import types  # noqa: PLC0415
    from numba.core import cgutils  # noqa: PLC0415
    from numba.extending import intrinsic  # noqa: PLC0415

    byte, word, number = ir.IntType(8), ir.IntType(64), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number])

    def fetch(typing: Any, array: Any, index: Any) -> Any:  # noqa: ARG001 - numba's form
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind_of_array, kind_of_index = signature.args
            data = context.make_array(kind_of_array)(context, builder, arguments[0])
            at = context.cast(builder, arguments[1], kind_of_index, types.intp)
            stride = cgutils.unpack_tuple(builder, data.strides, kind_of_array.ndim)[0]
            place = builder.add(builder.ptrtoint(data.data, word), builder.mul(at, stride))
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            to_read, keep, is_data = number(0), number(3), number(1)
            builder.call(function, [builder.inttoptr(place, byte.as_pointer()), to_read, keep, is_data])
            return context.get_dummy_value()

        return types.void(array, index), lower

    return intrinsic(fetch)


prefetch: Any = _nothing if compiler() is None else _intrinsic()
"""``prefetch(array, index)``, for use in kernels: ``array[index]`` will be read soon. Changes no result."""

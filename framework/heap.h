#pragma once

namespace lrpp {

/// For programs, to be called first in `main`: lets the C library's heap keep large blocks that were freed
/// and hand them out again. By default it returns each to the system, which clears it and maps it anew, page
/// by page, at every op; on inputs of thousands of tokens that is a third of the time. Does nothing where the
/// C library is not glibc.
void keep_freed_memory();

}  // namespace lrpp

# Finds Boost.PFR with field names, which needs Boost 1.84; the libboost-headers wheel has it where the distribution is older.
#
# In:  LRPP_PFR_INCLUDE_DIR (the folder that holds boost/), LRPP_PFR_BUILT_WITH (where an installed lrpp found it)
# Out: BoostPfr::BoostPfr
file(GLOB _candidates "${CMAKE_CURRENT_LIST_DIR}/../.venv/lib/python3*/site-packages/libboost_headers/include")
find_path(LRPP_PFR_INCLUDE_DIR NAMES boost/pfr/core_name.hpp PATHS ${_candidates} ${LRPP_PFR_BUILT_WITH})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoostPfr REQUIRED_VARS LRPP_PFR_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Boost.PFR with field names (Boost 1.84 or later) is required: run `make setup`, or give \
-DLRPP_PFR_INCLUDE_DIR=/path/to/boost/include")
if(BoostPfr_FOUND AND NOT TARGET BoostPfr::BoostPfr)
  add_library(BoostPfr::BoostPfr INTERFACE IMPORTED)
  target_include_directories(BoostPfr::BoostPfr SYSTEM INTERFACE "${LRPP_PFR_INCLUDE_DIR}")
endif()

//! System tests of Ferry: see the files beside this folder.

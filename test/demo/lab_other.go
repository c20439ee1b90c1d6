//go:build !linux

package main

import "context"

// noLab says why this machine cannot run the lab.
func noLab() string { return "this is not Linux" }

func inLab(context.Context) error { return nil } // never asked for, see noLab

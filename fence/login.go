package fence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ByPassword is the Agent.Login of devices that take passwords only.
var ByPassword = []string{"password", "password_file", "password_script"}

// checkLogin finds what is missing for a login by one of the named options.
func (r *Request) checkLogin(by []string) error {
	switch {
	case by == nil:
		return nil
	case r.String("username") == "":
		return errors.New("username is not set: give the login name")
	case !slices.ContainsFunc(by, r.set):
		return fmt.Errorf("nothing to log in with is set: give one of %s", strings.Join(by, ", "))
	}
	return nil
}

// readPassword finds the password in the safest place that was given. Only
// actions that log in run the script.
func (r *Request) readPassword(ctx context.Context) error {
	file, script := r.String("password_file"), r.Secret("password_script").Reveal()
	var err error
	switch {
	case file != "":
		r.password, err = readPasswordFile(file)
	case script != "":
		if err := checkScript(script); err != nil || r.Action == ActionValidateAll {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, r.Limit("login_timeout"))
		defer cancel()
		r.password, err = runPasswordScript(ctx, script)
	default:
		r.password = r.Secret("password")
	}
	return err
}

package fakeredfish

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	rootPath     = "/redfish/v1/"
	systemsPath  = rootPath + "Systems"
	servicePath  = rootPath + "SessionService"
	sessionsPath = servicePath + "/Sessions"
)

type object map[string]any

func ref(path string) object { return object{"@odata.id": path} }

// handler is a BMC that behaves.
func (b *BMC) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /redfish", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{"v1": rootPath}) })
	mux.HandleFunc("GET /redfish/v1", b.root)
	mux.HandleFunc("GET /redfish/v1/{$}", b.root)
	if !b.options.NoSessions {
		mux.HandleFunc("POST "+sessionsPath, b.openSession)
		mux.HandleFunc("GET "+servicePath, b.guarded(b.sessionService))
		mux.HandleFunc("GET "+sessionsPath, b.guarded(b.listSessions))
		mux.HandleFunc("GET "+sessionsPath+"/{id}", b.guarded(b.getSession))
		mux.HandleFunc("DELETE "+sessionsPath+"/{id}", b.guarded(b.endSession))
	}
	mux.HandleFunc("GET "+systemsPath, b.guarded(b.systems))
	mux.HandleFunc("GET "+systemsPath+"/{id}", b.guarded(b.withMachine(b.system)))
	mux.HandleFunc("GET "+systemsPath+"/{id}/ResetActionInfo", b.guarded(b.withMachine(b.actionInfo)))
	mux.HandleFunc("POST "+systemsPath+"/{id}/Actions/ComputerSystem.Reset", b.guarded(b.withMachine(b.reset)))
	mux.HandleFunc("/", b.guarded(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "ResourceMissingAtURI", "The resource at the URI "+r.URL.Path+" was not found.")
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		mux.ServeHTTP(w, r)
	})
}

func (b *BMC) root(w http.ResponseWriter, r *http.Request) {
	b.record(r, "none")
	root := object{
		"@odata.id": rootPath, "@odata.type": "#ServiceRoot.v1_5_1.ServiceRoot", "Id": "RootService", "Name": "Fake Redfish service",
		"RedfishVersion": "1.6.0", "UUID": "00000000-0000-0000-0000-000000000001", "Systems": ref(systemsPath), "Links": object{},
	}
	if !b.options.NoSessions {
		root["Links"] = object{"Sessions": ref(sessionsPath)}
		root["SessionService"] = ref(servicePath)
	}
	answer(w, http.StatusOK, root)
}

func (b *BMC) systems(w http.ResponseWriter, r *http.Request) {
	members := []object{}
	for _, m := range b.machines {
		members = append(members, ref(systemsPath+"/"+m.ID))
	}
	list := object{"@odata.id": systemsPath, "@odata.type": "#ComputerSystemCollection.ComputerSystemCollection", "Name": "Computer Systems", "Members@odata.count": len(members)}
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skip")) // 0 when there is none
	members = members[min(max(skip, 0), len(members)):]
	if size := b.options.PageSize; size > 0 && len(members) > size {
		members = members[:size]
		list["Members@odata.nextLink"] = fmt.Sprintf("%s?$skip=%d", systemsPath, skip+size)
	}
	list["Members"] = members
	answer(w, http.StatusOK, list)
}

func (b *BMC) withMachine(f func(http.ResponseWriter, *http.Request, *machine)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m := b.machine(r.PathValue("id"))
		if m == nil {
			refuse(w, http.StatusNotFound, "ResourceMissingAtURI", "The resource at the URI "+r.URL.Path+" was not found.")
			return
		}
		f(w, r, m)
	}
}

func (b *BMC) machine(id string) *machine {
	i := slices.IndexFunc(b.machines, func(m *machine) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return b.machines[i]
}

func (b *BMC) system(w http.ResponseWriter, _ *http.Request, m *machine) {
	path := systemsPath + "/" + m.ID
	action := object{"target": path + "/Actions/ComputerSystem.Reset"}
	switch {
	case b.options.Unlisted:
	case b.options.ActionInfo:
		action["@Redfish.ActionInfo"] = path + "/ResetActionInfo"
	default:
		action["ResetType@Redfish.AllowableValues"] = b.options.ResetTypes
	}
	b.mu.Lock()
	state := m.state()
	b.mu.Unlock()
	text, _ := json.Marshal(object{ // it is made of strings
		"@odata.id": path, "@odata.type": "#ComputerSystem.v1_10_0.ComputerSystem", "Id": m.ID, "Name": m.Name, "SystemType": "Physical",
		"UUID": "00000000-0000-0000-0000-0000000000" + fmt.Sprintf("%02x", len(m.ID)), "PowerState": state,
		"Status": object{"Health": "OK", "State": "Enabled"}, "Actions": object{"#ComputerSystem.Reset": action},
		"Boot": object{"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"}, // sushy requires it
	})
	send(w, http.StatusOK, append(append(text[:len(text)-1], b.options.Extra...), '}'))
}

func (b *BMC) actionInfo(w http.ResponseWriter, r *http.Request, _ *machine) {
	answer(w, http.StatusOK, object{
		"@odata.id": r.URL.Path, "@odata.type": "#ActionInfo.v1_1_2.ActionInfo", "Id": "ResetActionInfo", "Name": "Reset Action Info",
		"Parameters": []object{{"Name": "ResetType", "Required": true, "DataType": "String", "AllowableValues": b.options.ResetTypes}},
	})
}

func (b *BMC) reset(w http.ResponseWriter, r *http.Request, m *machine) {
	var order struct{ ResetType string }
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(text, &order)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "MalformedJSON", "The request body submitted was malformed JSON and could not be parsed by the receiving service.")
		return
	}
	if user, _, _ := b.whoIs(r); user == ViewerName {
		refuse(w, http.StatusForbidden, "InsufficientPrivilege", "There are insufficient privileges for the account or credentials associated with the current session to perform the requested operation.")
		return
	}
	known := slices.Contains(b.options.ResetTypes, order.ResetType)
	b.mu.Lock()
	taken := known && m.reset(order.ResetType)
	b.commands = append(b.commands, Command{System: m.ID, ResetType: order.ResetType, Taken: taken})
	if b.options.Away > 0 && (!b.options.AwayOnce || len(b.commands) == 1) {
		b.back = time.Now().Add(b.options.Away)
	}
	b.mu.Unlock()
	switch {
	case !known:
		refuse(w, http.StatusBadRequest, "ActionParameterNotSupported", "The value "+order.ResetType+" for the parameter ResetType is not supported.")
	case !taken:
		refuse(w, http.StatusBadRequest, "InvalidOperationForSystemState", "The operation was not successful due to the current power state.")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (b *BMC) record(r *http.Request, auth string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, Request{At: time.Now(), Method: r.Method, Path: r.URL.Path, Auth: auth, Host: r.Host})
}

func answer(w http.ResponseWriter, status int, body object) {
	text, _ := json.Marshal(body) // it is made of strings, numbers and lists of them
	send(w, status, text)
}

func send(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("OData-Version", "4.0")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone does not matter
}

// refuse answers with a Redfish error (DSP0266, error responses).
func refuse(w http.ResponseWriter, status int, id, message string) {
	answer(w, status, object{"error": object{
		"code": "Base.1.8.GeneralError", "message": "See @Message.ExtendedInfo for more information.",
		"@Message.ExtendedInfo": []object{{"MessageId": "Base.1.8." + id, "Message": message, "Severity": "Critical"}},
	}})
}

package source

// Ability is what some kinds of sources can do and others can't. Each ability is one of the interfaces of this package. As a
// text, it completes the sentence "a kind of source can't …".
type Ability string

// The abilities.
const (
	CanRead      Ability = "be read table by table" // [Reader]
	CanQuery     Ability = "be queried"             // [Querier]
	CanWrite     Ability = "be written to"          // [Writer]
	CanDrop      Ability = "drop tables"            // [Dropper]
	CanExecute   Ability = "run scripts"            // [Executor]
	CanRequest   Ability = "be sent requests"       // [Requester]
	CanKeepFiles Ability = "keep files"             // [FileKeeper]
)

// Has reports whether a source has the ability.
func Has(s Source, ability Ability) (has bool) {
	switch ability {
	case CanRead:
		_, has = s.(Reader)
	case CanQuery:
		_, has = s.(Querier)
	case CanWrite:
		_, has = s.(Writer)
	case CanDrop:
		_, has = s.(Dropper)
	case CanExecute:
		_, has = s.(Executor)
	case CanRequest:
		_, has = s.(Requester)
	case CanKeepFiles:
		_, has = s.(FileKeeper)
	}

	return has
}

// Abilities returns all abilities.
func Abilities() []Ability {
	return []Ability{CanRead, CanQuery, CanWrite, CanDrop, CanExecute, CanRequest, CanKeepFiles}
}
